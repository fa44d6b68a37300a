//! Names of certificates as text (RFC 4514), in ASCII: what is not, and controls, are escaped, so that the text can stand
//! in a field, in a log and in a comparison.

use std::fmt::Write;

use x509_parser::asn1_rs::ToDer;
use x509_parser::x509::{AttributeTypeAndValue, RelativeDistinguishedName, X509Name};

/// Types that have a registered short name (RFC 4514 section 3, and those of RFC 4519 and RFC 2985 that are in use).
const SHORT: [(&str, &str); 14] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.42", "givenName"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// The name's text: the most specific part first, as RFC 4514 has it, which is the certificate's last.
pub(super) fn text(name: &X509Name<'_>) -> String {
    let parts: Vec<&RelativeDistinguishedName<'_>> = name.iter_rdn().collect();
    let mut text = String::new();
    for (place, part) in parts.iter().rev().enumerate() {
        if place > 0 {
            text.push(',');
        }
        for (place, attribute) in part.iter().enumerate() {
            if place > 0 {
                text.push('+');
            }
            write_attribute(&mut text, attribute);
        }
    }
    text
}

fn write_attribute(text: &mut String, attribute: &AttributeTypeAndValue<'_>) {
    let oid = attribute.attr_type().to_id_string();
    let short = SHORT.iter().find(|(known, _)| *known == oid).map(|(_, short)| *short);
    text.push_str(short.unwrap_or(&oid));
    text.push('=');
    match (short, attribute.as_str()) {
        (Some(_), Ok(value)) => write_value(text, value),
        _ => write_encoded(text, attribute),
    }
}

/// RFC 4514 section 2.4: what could be taken for syntax is escaped.
fn write_value(text: &mut String, value: &str) {
    let last = value.len().saturating_sub(1);
    for (place, byte) in value.bytes().enumerate() {
        let leads = place == 0 && matches!(byte, b' ' | b'#');
        let trails = place == last && byte == b' ';
        if leads || trails || matches!(byte, b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\') {
            text.push('\\');
            text.push(char::from(byte));
        } else if matches!(byte, b' '..=b'~') {
            text.push(char::from(byte));
        } else {
            write_hex(text, "\\", &[byte]);
        }
    }
}

/// What has no text is written as its encoding.
fn write_encoded(text: &mut String, attribute: &AttributeTypeAndValue<'_>) {
    text.push('#');
    write_hex(text, "", &attribute.attr_value().to_der_vec().unwrap_or_default());
}

fn write_hex(text: &mut String, before: &str, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a text can't fail.
        let _ = write!(text, "{before}{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::*;

    fn subject(parts: &[(DnType, &str)]) -> String {
        let mut name = DistinguishedName::new();
        for (kind, value) in parts {
            name.push(kind.clone(), *value);
        }
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = name;
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        text(X509Certificate::from_der(made.der()).unwrap().1.subject())
    }

    #[test]
    fn the_most_specific_part_comes_first() {
        let name = subject(&[
            (DnType::CountryName, "DE"),
            (DnType::OrganizationName, "Example"),
            (DnType::CommonName, "ann"),
        ]);
        assert_eq!(name, "CN=ann,O=Example,C=DE");
    }

    #[test]
    fn what_could_be_syntax_or_break_a_line_is_escaped() {
        let name = |value| subject(&[(DnType::CommonName, value)]);
        assert_eq!(name("a,O=root"), "CN=a\\,O=root");
        assert_eq!(name("#a+b;c<d>e\\f\"g"), "CN=\\#a\\+b\\;c\\<d\\>e\\\\f\\\"g");
        assert_eq!(name(" a "), "CN=\\ a\\ ");
        assert_eq!(name("a\r\nb\0"), "CN=a\\0D\\0Ab\\00");
        assert_eq!(name("Jürgen"), "CN=J\\C3\\BCrgen");
    }

    #[test]
    fn an_unregistered_type_is_its_number_and_encoding() {
        let name = subject(&[(DnType::CustomDnType(vec![1, 2, 3]), "a")]);
        assert_eq!(name, "1.2.3=#0C0161");
    }
}
