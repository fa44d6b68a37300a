use super::*;

fn made(names: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    (made.cert.pem().into_bytes(), made.signing_key.serialize_pem().into_bytes())
}

fn part_of(files: ClientTlsFiles) -> ClientTlsPart {
    ClientTls::new(files).unwrap_err().part
}

#[test]
fn what_is_wrong_is_said_of_the_part_it_is_in() {
    let (ca, key) = made(&["a.example"]);
    let (_, other_key) = made(&["b.example"]);
    let files = ClientTlsFiles { ca: Some(ca.clone()), ..ClientTlsFiles::default() };
    assert!(ClientTls::new(files.clone()).is_ok());
    let with_identity = |certificate: &[u8], key: &[u8]| ClientTlsFiles {
        identity: Some((certificate.to_vec(), key.to_vec())),
        ..files.clone()
    };
    assert!(ClientTls::new(with_identity(&ca, &key)).is_ok());
    assert_eq!(part_of(with_identity(b"nothing", &key)), ClientTlsPart::Certificate);
    assert_eq!(part_of(with_identity(&ca, b"nothing")), ClientTlsPart::Key);
    assert_eq!(part_of(with_identity(&ca, &other_key)), ClientTlsPart::Key);
    assert_eq!(part_of(ClientTlsFiles { ca: Some(b"x".to_vec()), ..files.clone() }), ClientTlsPart::Ca);
    let name = Some("not a name".to_owned());
    assert_eq!(part_of(ClientTlsFiles { server_name: name, ..files }), ClientTlsPart::ServerName);
}

#[test]
fn the_key_is_never_shown() {
    let (ca, key) = made(&["a.example"]);
    let identity = Some((ca.clone(), key));
    let tls = ClientTls::new(ClientTlsFiles { ca: Some(ca), identity, ..ClientTlsFiles::default() }).unwrap();
    assert_eq!(format!("{tls:?}"), "ClientTls { server_name: None, .. }");
}
