//! The deployed API as a till meets it: a token from Cognito, and events through API Gateway.

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::aws::{Answer, Aws};
use super::{Stage, run};

/// A machine client of the user pool.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    secret: String,
}

pub(crate) const WRITE: &str = "daymark/events:write";
pub(crate) const READ: &str = "daymark/offers:read";
pub(crate) const FIGURES: &str = "daymark/figures:read";
/// Program that reads figures.
pub(crate) const READER: &str = "reports";

/// The till clients of every stage: one for each test, so that each has the stores of its own.
pub(crate) const TILLS: [&str; 13] = [
    "bakery",
    "afternoon",
    "busy",
    "later",
    "forged",
    "expired",
    "reader",
    "mine",
    "ungranted",
    "secret",
    "brief",
    "traffic",
    "moved",
];

impl Client {
    /// The same with another secret.
    pub(crate) fn with_secret(&self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self.clone() }
    }
}

impl Stage {
    /// A till client as an operator finds it in the user pool, with these stores granted.
    pub(crate) fn till(&self, name: &str, stores: &[&str]) -> Client {
        let pool = json!({ "UserPoolId": self.output("UserPoolId"), "MaxResults": 60 });
        let clients = self.cognito("ListUserPoolClients", &pool);
        let all = clients["UserPoolClients"].as_array().expect("clients");
        let found = all.iter().find(|client| client["ClientName"] == self.of(name));
        let id = found.unwrap_or_else(|| panic!("no client {name}: {clients}"))["ClientId"].clone();
        let asked = json!({ "UserPoolId": self.output("UserPoolId"), "ClientId": id });
        let client = self.cognito("DescribeUserPoolClient", &asked);
        let text = |name: &str| client["UserPoolClient"][name].as_str().expect(name).to_owned();
        let client = Client { id: text("ClientId"), secret: text("ClientSecret") };
        if !stores.is_empty() {
            let grant = ["clients", "grant", &client.id];
            let stores = stores.iter().flat_map(|store| ["--store", store]);
            self.daymark(&grant.into_iter().chain(stores).collect::<Vec<_>>());
        }
        client
    }

    /// Makes the next tokens valid for a second. The minimum of AWS is five minutes.
    pub(crate) fn hasten(&self, client: &Client) {
        let asked = json!({ "UserPoolId": self.output("UserPoolId"), "ClientId": client.id });
        let mut changed = self.cognito("DescribeUserPoolClient", &asked)["UserPoolClient"].take();
        changed["AccessTokenValidity"] = json!(1);
        changed["TokenValidityUnits"] = json!({ "AccessToken": "seconds" });
        for read_only in ["ClientSecret", "CreationDate", "LastModifiedDate"] {
            changed.as_object_mut().expect("a client").remove(read_only);
        }
        self.cognito("UpdateUserPoolClient", &changed);
    }

    fn cognito(&self, operation: &str, input: &Value) -> Value {
        let operation = format!("AWSCognitoIdentityProviderService.{operation}");
        self.aws.json("cognito-idp", &operation, input).json()
    }

    /// Asks Cognito for a token.
    pub(crate) fn ask_for_token(&self, client: &Client, scope: &str) -> Answer {
        let http = reqwest::Client::new();
        let request = http
            .post(format!("{}/oauth2/token", self.url()))
            .basic_auth(&client.id, Some(&client.secret))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(format!("grant_type=client_credentials&scope={scope}"));
        run(whole(request))
    }

    /// A token, given that Cognito gives one.
    #[track_caller]
    pub(crate) fn token(&self, client: &Client, scope: &str) -> String {
        let answer = self.ask_for_token(client, scope).json();
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// Posts events, one a line.
    pub(crate) fn post(&self, token: Option<&str>, events: &[Value]) -> Answer {
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        let request = reqwest::Client::new()
            .post(format!("{}{}/v1/events", self.url(), self.api_path()))
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(lines);
        run(whole(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }))
    }

    /// Fetches a path of the API.
    pub(crate) fn get(&self, token: &str, path: &str) -> Answer {
        let url = format!("{}{}{path}", self.url(), self.api_path());
        run(whole(reqwest::Client::new().get(url).bearer_auth(token)))
    }

    /// Posts events through the route of internal producers, signed by a caller or by nobody.
    pub(crate) fn post_internal(&self, caller: Option<&Aws>, events: &[Value]) -> Answer {
        let path = format!("{}/v1/internal/events", self.api_path());
        let headers = [("content-type", "application/json")];
        let body = json!(events).to_string();
        match caller {
            Some(caller) => caller.send("execute-api", "POST", &path, &headers, &body),
            None => {
                let url = format!("{}{path}", self.url());
                let [(name, value)] = headers;
                run(whole(reqwest::Client::new().post(url).header(name, value).body(body)))
            }
        }
    }

    /// The API where the emulator serves it; the address of its output is a name that not every
    /// resolver knows.
    fn api_path(&self) -> String {
        let address = self.output("ApiUrl");
        let host = address.split("://").nth(1).unwrap_or(address);
        let id = host.split('.').next().expect("the API's id");
        format!("/_aws/execute-api/{id}/$default")
    }
}

async fn whole(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    Answer { status, text: response.text().await.expect("a whole answer") }
}
