//! TLS: negotiated and direct, bound to passwords, with client certificates, reloaded, and never mistaken for clear
//! text.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use postgres_protocol::authentication::sasl::ChannelBinding;
use rcgen::KeyPair;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::auth::{login, scram_settings};
use super::connection::{Connection, Received};
use super::{bare_server, message};
use crate::harness::{self, Target, TestServer, eventually, signal};

/// A certificate and its key in a folder.
struct Certificate {
    folder: TempDir,
    der: CertificateDer<'static>,
}

impl Certificate {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir_in(harness::scratch()).expect("a temporary folder");
        let mut certificate = Self { folder, der: CertificateDer::from(Vec::new()) };
        certificate.renew(name);
        certificate
    }

    /// Replaces both files.
    fn renew(&mut self, name: &str) {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a host name");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        fs::write(self.path("key"), key.serialize_pem()).expect("written");
        fs::write(self.path("crt"), certificate.pem()).expect("written");
        self.der = certificate.der().as_ref().to_vec().into();
    }

    fn path(&self, what: &str) -> PathBuf {
        self.folder.path().join(format!("server.{what}"))
    }

    /// The `[tls]` section that serves it.
    fn settings(&self, required: bool) -> String {
        format!("[tls]\ncert = {:?}\nkey = {:?}\nrequired = {required}\n", self.path("crt"), self.path("key"))
    }

    /// `tls-server-end-point`: rcgen signs with ECDSA and SHA-256.
    fn end_point(&self) -> Vec<u8> {
        Sha256::digest(&self.der).to_vec()
    }
}

/// What a client trusts, offers and shows.
#[derive(Default)]
struct Client<'a> {
    alpn: Option<&'a [u8]>,
    certificate: Option<&'a Certificate>,
}

impl Client<'_> {
    fn handshake(&self, server: &Certificate, stream: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(server.der.clone()).expect("a sound certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_root_certificates(roots);
        let mut config = match self.certificate {
            Some(own) => {
                let key = PrivateKeyDer::from_pem_file(own.path("key")).expect("a key");
                builder.with_client_auth_cert(vec![own.der.clone()], key).expect("the key fits")
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.alpn.map(<[u8]>::to_vec).into_iter().collect();
        let name = "localhost".try_into().expect("a name");
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).expect("a client"), stream)
    }

    /// Asks for TLS and starts it.
    fn connect(&self, target: &Target, server: &Certificate) -> Connection {
        let mut connection = Connection::open(target).expect("connected");
        connection.send(&ssl_request()).expect("sent");
        assert_eq!(connection.byte().as_deref(), Ok("S"));
        connection.wrap(|stream| self.handshake(server, stream))
    }
}

fn ssl_request() -> Vec<u8> {
    [8_i32.to_be_bytes(), 80_877_103_i32.to_be_bytes()].concat()
}

fn startup(target: &Target) -> Vec<u8> {
    let mut bytes = Vec::new();
    message::encode("Startup 3.0 \"user\" \"$USER\" \"database\" \"$DATABASE\"", target, &mut bytes).expect("sound");
    bytes
}

fn assert_answers(connection: &mut Connection) {
    let answer = connection.query("select 1").expect("an answer");
    assert!(answer.contains("DataRow \"1\""), "{answer}");
}

fn served(certificate: &Certificate, more: &str) -> TestServer {
    bare_server().toml(&format!("{}{more}", certificate.settings(false))).start()
}

#[test]
fn tls_is_given_to_those_who_ask() {
    let certificate = Certificate::new("lakewire");
    let server = served(&certificate, "");
    let mut secure = Client::default().connect(&server.target(), &certificate);
    secure.start("3.0", &server.target()).expect("started");
    assert_answers(&mut secure);
    let mut clear = Connection::connect(&server.target()).expect("clear text is allowed here");
    assert_answers(&mut clear);
    // Under TLS there is nothing left to negotiate.
    let mut twice = Client::default().connect(&server.target(), &certificate);
    twice.send(&ssl_request()).expect("sent");
    let answer = twice.until(&["Closed"], &[]).expect("an answer");
    assert!(answer.contains("0A000 \"unsupported frontend protocol 1234.5679"), "{answer}");
}

#[test]
fn direct_tls_needs_alpn() {
    let certificate = Certificate::new("lakewire");
    let server = served(&certificate, "");
    let direct = |alpn: Option<&'static [u8]>| {
        let client = Client { alpn, certificate: None };
        let connection = Connection::open(&server.target()).expect("connected");
        connection.wrap(|stream| client.handshake(&certificate, stream))
    };
    let mut connection = direct(Some(b"postgresql"));
    connection.start("3.0", &server.target()).expect("started");
    assert_answers(&mut connection);
    for alpn in [None, Some(&b"http/1.1"[..])] {
        assert!(direct(alpn).start("3.0", &server.target()).is_err(), "{alpn:?}");
    }
}

#[test]
fn tls_can_be_required() {
    let certificate = Certificate::new("lakewire");
    let server = bare_server().toml(&certificate.settings(true)).start();
    let refused = Connection::connect(&server.target()).err().expect("in clear");
    assert!(refused.contains("FATAL 28000") && refused.contains("no encryption"), "{refused}");
    let mut secure = Client::default().connect(&server.target(), &certificate);
    secure.start("3.0", &server.target()).expect("started");
}

#[test]
fn what_comes_in_clear_never_counts_as_encrypted() {
    let certificate = Certificate::new("lakewire");
    let server = served(&certificate, "");
    let target = server.target();
    let mut injected = startup(&target);
    injected.extend(message::frame(b'Q', b"select 'injected'\0"));
    for seed in 0..200_usize {
        let mut connection = Connection::open(&target).expect("connected");
        let end = 1 + seed * 7919 % injected.len();
        connection.send(&[&ssl_request()[..], &injected[..end]].concat()).expect("sent");
        let answer = connection.until(&["Closed"], &[]).expect("an answer");
        assert!(
            answer.starts_with("ErrorResponse FATAL 08P01 \"received unencrypted data after SSL request\""),
            "{answer}"
        );
        assert!(answer.ends_with("Closed"), "{answer}");
    }
    // In a segment of its own it is either found before the answer or fails the handshake.
    for _ in 0..50 {
        let mut connection = Connection::open(&target).expect("connected");
        connection.send(&ssl_request()).expect("sent");
        connection.send(&injected).expect("sent");
        match connection.byte().as_deref() {
            Ok("S") if connection.has_alert() => {}
            Ok("S") => {
                let connection = &mut connection.wrap(|stream| Client::default().handshake(&certificate, stream));
                assert!(connection.start("3.0", &target).is_err(), "clear text was taken for a handshake");
            }
            Ok("E" | "Closed") => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn passwords_are_bound_to_the_channel() {
    let certificate = Certificate::new("lakewire");
    let settings = format!("[auth]\nmax_failures_per_minute = 1000\n{}", scram_settings());
    let server = served(&certificate, &settings);
    let target = Target { user: "ada", ..server.target() };
    let attempt = |mechanism, binding| {
        let mut connection = Client::default().connect(&target, &certificate);
        login(&mut connection, &target, "open sesame", mechanism, binding).map(|()| assert_answers(&mut connection))
    };
    let plus = "SCRAM-SHA-256-PLUS";
    assert_eq!(attempt(plus, ChannelBinding::tls_server_end_point(certificate.end_point())), Ok(()));
    assert_eq!(attempt("SCRAM-SHA-256", ChannelBinding::unsupported()), Ok(()));
    let other = attempt(plus, ChannelBinding::tls_server_end_point(vec![1; 32])).expect_err("another channel");
    assert!(other.contains("28000 \"SCRAM channel binding check failed\""), "{other}");
    // "The server cannot bind", says a client that was not told that it can.
    let downgraded = attempt("SCRAM-SHA-256", ChannelBinding::unrequested()).expect_err("a downgrade");
    assert!(downgraded.contains("28000 \"SCRAM channel binding negotiation error\""), "{downgraded}");
}

#[test]
fn clear_passwords_travel_under_tls_only() {
    let certificate = Certificate::new("lakewire");
    let settings = format!("[auth]\n{}", scram_settings().replace("scram-sha-256", "password"));
    let server = served(&certificate, &settings);
    let target = Target { user: "ada", ..server.target() };
    let refused = Connection::connect(&target).err().expect("in clear");
    assert!(refused.contains("FATAL 28000"), "{refused}");
    for (password, accepted) in [("open sesame", true), ("open", false), ("", false)] {
        let mut connection = Client::default().connect(&target, &certificate);
        connection.send(&startup(&target)).expect("sent");
        super::auth::authentication(&mut connection, 3).expect("a password is asked for");
        connection.send_message(b'p', format!("{password}\0").as_bytes()).expect("sent");
        let outcome = connection.await_ready();
        assert_eq!(outcome.is_ok(), accepted, "{outcome:?}");
        assert!(accepted || outcome.expect_err("refused").contains("FATAL 28P01"));
    }
}

#[test]
fn a_certificate_can_prove_a_role() {
    let certificate = Certificate::new("lakewire");
    let (ada, eve) = (Certificate::new("ada"), Certificate::new("eve"));
    let settings =
        format!("client_ca = {:?}\n[auth]\nloopback = \"cert\"\n[[auth.users]]\nname = \"ada\"", ada.path("crt"));
    let server = served(&certificate, &settings);
    let attempt = |user, own: Option<&Certificate>| {
        let target = Target { user, ..server.target() };
        let client = Client { alpn: None, certificate: own };
        client.connect(&target, &certificate).start("3.0", &target)
    };
    assert_eq!(attempt("ada", Some(&ada)), Ok(()));
    let refused = attempt("root", Some(&ada)).expect_err("another's certificate");
    assert!(refused.contains("28000 \"certificate authentication failed for user \\\"root\\\"\""), "{refused}");
    let refused = attempt("ada", None).expect_err("no certificate");
    assert!(refused.contains("28000 \"connection requires a valid client certificate\""), "{refused}");
    attempt("eve", Some(&eve)).expect_err("a certificate nobody vouches for");
}

#[test]
fn certificates_are_replaced_while_serving() {
    let mut certificate = Certificate::new("first");
    let server = served(&certificate, "");
    let target = server.target();
    let mut old = Client::default().connect(&target, &certificate);
    old.start("3.0", &target).expect("started");
    certificate.renew("second");
    signal(server.pid(), "HUP");
    eventually(Duration::from_secs(10), "the new certificate is served", || {
        Client::default().connect(&target, &certificate).start("3.0", &target).is_ok()
    });
    assert_answers(&mut old);
    // A bad one keeps the good one, and the log says so.
    fs::write(certificate.path("crt"), "nonsense").expect("written");
    signal(server.pid(), "HUP");
    eventually(Duration::from_secs(10), "the refusal is logged", || server.log().contains("not reloaded"));
    let mut connection = Client::default().connect(&target, &certificate);
    connection.start("3.0", &target).expect("the second certificate still serves");
    assert_answers(&mut old);
}

#[test]
fn a_bad_certificate_stops_the_start() {
    let (one, other) = (Certificate::new("one"), Certificate::new("other"));
    let empty = one.folder.path().join("empty");
    fs::write(&empty, "").expect("written");
    for (cert, key) in
        [(one.path("crt"), other.path("key")), (empty.to_owned(), one.path("key")), (one.path("crt"), empty.to_owned())]
    {
        let said = refused_start(one.folder.path(), &cert, &key);
        assert!(said.contains("could not use") || said.contains("certificate"), "{said}");
    }
}

/// What a server that may not start says.
fn refused_start(folder: &Path, cert: &Path, key: &Path) -> String {
    let config = folder.join("lakewire.toml");
    fs::write(&config, format!("[tls]\ncert = {cert:?}\nkey = {key:?}\n[demo]\nenabled = false\n")).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_lakewire"))
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(config)
        .env("LAKEWIRE_STORAGE_DATA_DIR", folder.join("data"))
        .output()
        .expect("the binary runs");
    assert!(!output.status.success(), "it started with {cert:?} and {key:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_handshake_that_is_none_harms_nobody() {
    let certificate = Certificate::new("lakewire");
    let server = served(&certificate, "");
    for garbage in [&b"\x16\x03\x01\0\x05hello"[..], b"\x16", b"\x16\x03\x01\xff\xff"] {
        let mut connection = Connection::open(&server.target()).expect("connected");
        connection.send(garbage).expect("sent");
        drop(connection);
        let mut connection = Connection::open(&server.target()).expect("connected");
        connection.send(&ssl_request()).expect("sent");
        assert_eq!(connection.byte().as_deref(), Ok("S"));
        connection.send(garbage).expect("sent");
    }
    let mut connection = Connection::connect(&server.target()).expect("connected");
    assert_answers(&mut connection);
    assert!(matches!(connection.send_message(b'X', b"").and_then(|()| connection.receive()), Ok(Received::Closed)));
}
