//! Countries and their currencies.

use crate::money::Currency;

/// Country codes of ISO 3166-1 alpha-2, each followed by the code of the currency in which its
/// shops price. Source: ISO 4217, list one, as of 2026. Antarctica has no currency.
const CURRENCIES: &str = "\
    ADEUR AEAED AFAFN AGXCD AIXCD ALALL AMAMD AOAOA ARARS ASUSD ATEUR AUAUD AWAWG AXEUR AZAZN \
    BABAM BBBBD BDBDT BEEUR BFXOF BGEUR BHBHD BIBIF BJXOF BLEUR BMBMD BNBND BOBOB BQUSD BRBRL \
    BSBSD BTBTN BVNOK BWBWP BYBYN BZBZD CACAD CCAUD CDCDF CFXAF CGXAF CHCHF CIXOF CKNZD CLCLP \
    CMXAF CNCNY COCOP CRCRC CUCUP CVCVE CWXCG CXAUD CYEUR CZCZK DEEUR DJDJF DKDKK DMXCD DODOP \
    DZDZD ECUSD EEEUR EGEGP EHMAD ERERN ESEUR ETETB FIEUR FJFJD FKFKP FMUSD FODKK FREUR GAXAF \
    GBGBP GDXCD GEGEL GFEUR GGGBP GHGHS GIGIP GLDKK GMGMD GNGNF GPEUR GQXAF GREUR GSGBP GTGTQ \
    GUUSD GWXOF GYGYD HKHKD HMAUD HNHNL HREUR HTHTG HUHUF IDIDR IEEUR ILILS IMGBP ININR IOUSD \
    IQIQD IRIRR ISISK ITEUR JEGBP JMJMD JOJOD JPJPY KEKES KGKGS KHKHR KIAUD KMKMF KNXCD KPKPW \
    KRKRW KWKWD KYKYD KZKZT LALAK LBLBP LCXCD LICHF LKLKR LRLRD LSLSL LTEUR LUEUR LVEUR LYLYD \
    MAMAD MCEUR MDMDL MEEUR MFEUR MGMGA MHUSD MKMKD MLXOF MMMMK MNMNT MOMOP MPUSD MQEUR MRMRU \
    MSXCD MTEUR MUMUR MVMVR MWMWK MXMXN MYMYR MZMZN NANAD NCXPF NEXOF NFAUD NGNGN NINIO NLEUR \
    NONOK NPNPR NRAUD NUNZD NZNZD OMOMR PAPAB PEPEN PFXPF PGPGK PHPHP PKPKR PLPLN PMEUR PNNZD \
    PRUSD PSILS PTEUR PWUSD PYPYG QAQAR REEUR RORON RSRSD RURUB RWRWF SASAR SBSBD SCSCR SDSDG \
    SESEK SGSGD SHSHP SIEUR SJNOK SKEUR SLSLE SMEUR SNXOF SOSOS SRSRD SSSSP STSTN SVUSD SXXCG \
    SYSYP SZSZL TCUSD TDXAF TFEUR TGXOF THTHB TJTJS TKNZD TLUSD TMTMT TNTND TOTOP TRTRY TTTTD \
    TVAUD TWTWD TZTZS UAUAH UGUGX UMUSD USUSD UYUYU UZUZS VAEUR VCXCD VEVES VGUSD VIUSD VNVND \
    VUVUV WFXPF WSWST YEYER YTEUR ZAZAR ZMZMW ZWZWG";

/// Returns the currency in which the shops of `country` price, or `None` if the code is not
/// assigned.
///
/// ```
/// let currency = domain::currency_of_country("KR").map(|currency| currency.to_string());
/// assert_eq!(currency.as_deref(), Some("KRW"));
/// assert_eq!(domain::currency_of_country("UK"), None);
/// ```
#[must_use]
pub fn currency_of_country(country: &str) -> Option<Currency> {
    let mut pairs = CURRENCIES.split_whitespace().map(|pair| pair.split_at(2));
    let (_, currency) = pairs.find(|(code, _)| *code == country)?;
    currency.parse().ok()
}

/// Returns the rule that a text breaks which is no assigned code of ISO 3166-1 alpha-2, with the
/// code that was meant, if it is known; `None` for an assigned code.
///
/// ```
/// let rule = domain::unassigned_country("UK");
/// assert_eq!(rule.as_deref(), Some("is not a country of ISO 3166; did you mean GB?"));
/// assert_eq!(domain::unassigned_country("GB"), None);
/// ```
#[must_use]
pub fn unassigned_country(text: &str) -> Option<String> {
    let is_assigned = |code: &str| code == "AQ" || currency_of_country(code).is_some();
    let upper = text.to_ascii_uppercase();
    let near = match &*upper {
        _ if is_assigned(text) => return None,
        "UK" => Some("GB"),
        // The European Union writes EL.
        "EL" => Some("GR"),
        upper => Some(upper).filter(|code| is_assigned(code)),
    };
    let advice =
        near.map_or_else(|| ", like DE".to_owned(), |near| format!("; did you mean {near}?"));
    Some(format!("is not a country of ISO 3166{advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_country_has_one_currency_of_iso_4217() {
        let codes: Vec<&str> = CURRENCIES.split_whitespace().map(|pair| &pair[..2]).collect();
        assert!(codes.is_sorted_by(|a, b| a < b));
        // ISO 3166-1 has 249 codes.
        assert_eq!(codes.len(), 248);
        for code in codes {
            assert!(currency_of_country(code).is_some(), "{code}");
        }
        assert_eq!(currency_of_country("BG"), Some(Currency::EUR));
        assert_eq!(currency_of_country("de"), None);
    }

    #[test]
    fn a_text_that_is_no_country_is_refused_with_the_country_that_was_meant() {
        for code in ["DE", "AQ", "KR"] {
            assert_eq!(unassigned_country(code), None);
        }
        for (text, near) in [("UK", "GB"), ("uk", "GB"), ("EL", "GR"), ("de", "DE")] {
            let rule = format!("is not a country of ISO 3166; did you mean {near}?");
            assert_eq!(unassigned_country(text), Some(rule));
        }
        for text in ["XX", "", "Germany"] {
            let rule = unassigned_country(text);
            assert_eq!(rule.as_deref(), Some("is not a country of ISO 3166, like DE"));
        }
    }
}
