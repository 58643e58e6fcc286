//! Access tokens of a deployed API: fetched once and used until shortly before their end, because
//! each costs money.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::Full;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::http::{self as client, HttpClient, TargetError, exchange};

/// Time for a token.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Share of its life for which a token is used.
const USED_SHARE: f64 = 0.8;
/// Life of a token whose answer names none, in seconds.
const LIFE_DEFAULT: u64 = 3_600;
/// Longest life of a token, in seconds (Cognito: a day).
const LIFE_MAX: u64 = 86_400;
/// Grant of a program without a user (RFC 6749, section 4.4), for events.
const GRANT: &str = "grant_type=client_credentials&scope=daymark%2Fevents%3Awrite";

/// Access token of a target.
#[derive(Debug, Clone, Default)]
pub enum AccessToken {
    /// The target needs none.
    #[default]
    None,
    /// One token for the whole run.
    Fixed(HeaderValue),
    /// Tokens of a client, one after the other.
    Client(Arc<TokenClient>),
}

/// Client that obtains tokens by its id and secret.
#[derive(Debug)]
pub struct TokenClient {
    http: HttpClient,
    url: Uri,
    credentials: HeaderValue,
    /// Token, and the instant from which another one is obtained.
    current: Mutex<Option<(HeaderValue, Instant)>>,
}

/// Token that was not issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no access token: {0}")]
pub struct TokenError(String);

/// Answer of the token endpoint (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: Option<u64>,
}

impl AccessToken {
    /// Creates a token that is used for the whole run.
    ///
    /// # Errors
    /// Returns an error if the token has characters that no header has.
    pub fn fixed(token: &str) -> Result<Self, TokenError> {
        Ok(Self::Fixed(bearer(token)?))
    }

    /// Creates the tokens of a client.
    ///
    /// # Errors
    /// Returns an error if the URL is none of HTTP.
    pub fn of_client(url: &str, client_id: &str, secret: &str) -> Result<Self, TargetError> {
        use base64::Engine as _;
        let url = client::http_url(url)?;
        let pair = format!("{client_id}:{secret}");
        let basic = base64::engine::general_purpose::STANDARD.encode(pair);
        let mut credentials = HeaderValue::try_from(format!("Basic {basic}"))
            .map_err(|error| TokenError(error.to_string()))?;
        credentials.set_sensitive(true);
        let http = client::client(&url)?;
        let current = Mutex::default();
        Ok(Self::Client(Arc::new(TokenClient { http, url, credentials, current })))
    }

    /// Returns the value of the header `Authorization`.
    pub(super) async fn bearer(&self) -> Result<Option<HeaderValue>, TokenError> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(bearer) => Ok(Some(bearer.clone())),
            Self::Client(client) => client.bearer().await.map(Some),
        }
    }
}

impl TokenClient {
    async fn bearer(&self) -> Result<HeaderValue, TokenError> {
        let mut current = self.current.lock().await;
        if let Some((bearer, until)) = &*current
            && Instant::now() < *until
        {
            return Ok(bearer.clone());
        }
        let mut request = Request::new(Full::new(Bytes::from_static(GRANT.as_bytes())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        request.headers_mut().insert(AUTHORIZATION, self.credentials.clone());
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        let answer = exchange(&self.http, request, TIMEOUT).await.map_err(TokenError)?;
        let status = answer.status();
        let issued: Issued = serde_json::from_slice(answer.body())
            .map_err(|_| TokenError(format!("the token endpoint answers {status}")))?;
        let bearer = bearer(&issued.access_token)?;
        let seconds = issued.expires_in.unwrap_or(LIFE_DEFAULT).min(LIFE_MAX);
        let life = Duration::from_secs(seconds).mul_f64(USED_SHARE);
        *current = Some((bearer.clone(), Instant::now() + life));
        Ok(bearer)
    }
}

fn bearer(token: &str) -> Result<HeaderValue, TokenError> {
    let value = HeaderValue::try_from(format!("Bearer {}", token.trim()));
    let mut value = value.map_err(|error| TokenError(error.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}
