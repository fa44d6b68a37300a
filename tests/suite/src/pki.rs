//! Certificates made for a test, and files of them.

use std::fs;
use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// An authority that certificates come from.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate with its key, as PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
    serial: u64,
}

impl Authority {
    /// A new one of this name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Its own certificate, as PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A server's certificate for these names.
    pub fn server(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.issue(CertificateParams::new(names).expect("names"), ExtendedKeyUsagePurpose::ServerAuth, 1)
    }

    /// A server's certificate that is no longer valid.
    pub fn expired_server(&self, name: &str) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.issue(params, ExtendedKeyUsagePurpose::ServerAuth, 1)
    }

    /// A client's certificate of this name and serial number.
    pub fn client(&self, name: &str, serial: u64) -> Identity {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.distinguished_name.push(DnType::CommonName, name);
        self.issue(params, ExtendedKeyUsagePurpose::ClientAuth, serial)
    }

    /// A list that says which of its certificates are revoked, as PEM.
    pub fn revocation_list(&self, revoked: &[&Identity]) -> String {
        let entry = |identity: &&Identity| RevokedCertParams {
            serial_number: SerialNumber::from(identity.serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(4000, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).expect("a list").pem().expect("PEM")
    }

    fn issue(&self, mut params: CertificateParams, usage: ExtendedKeyUsagePurpose, serial: u64) -> Identity {
        params.serial_number = Some(SerialNumber::from(serial));
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Identity { certificate, key: key.serialize_pem(), serial }
    }
}

impl Identity {
    /// SHA-256 of the certificate, in lower-case hex.
    pub fn fingerprint(&self) -> String {
        let der = CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("a certificate");
        Sha256::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A folder with an authority's certificate, `ca.pem`, and room for those that come from it.
pub struct Pki {
    /// The authority.
    pub authority: Authority,
    folder: TempDir,
}

impl Pki {
    /// With one certificate, `site.pem`, for these names.
    pub fn for_site(names: &[&str]) -> (Self, Identity) {
        let pki = Pki { authority: Authority::new("tests"), folder: TempDir::new().expect("a folder") };
        let site = pki.authority.server(names);
        pki.put("ca.pem", pki.authority.pem());
        pki.keep("site", &site);
        (pki, site)
    }

    /// Writes `NAME.pem` and `NAME.key`.
    pub fn keep(&self, name: &str, identity: &Identity) {
        self.put(&format!("{name}.pem"), &identity.certificate);
        self.put(&format!("{name}.key"), &identity.key);
    }

    /// Replaces a file by a rename.
    pub fn put(&self, name: &str, text: &str) {
        let written = self.folder.path().join(format!(".{name}.new"));
        fs::write(&written, text).expect("a file to write");
        fs::rename(&written, self.path(name)).expect("a file to replace");
    }

    /// Where a file is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A certificate and its key as the configuration has them.
    pub fn pair(&self, name: &str) -> String {
        let file = |kind| self.path(&format!("{name}.{kind}")).display().to_string();
        format!("{{ certificate: {}, key: {} }}", file("pem"), file("key"))
    }
}
