//! Tests of the SCRAM exchange: the RFC's vector, both mechanisms against a client written from the RFC, every
//! downgrade and every malformed message.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

const RFC_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const RFC_FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";

fn exchange(genuine: bool, end_point: Option<&[u8]>) -> Exchange {
    // The derivation is slow by intent; thousands of cases share one.
    static VERIFIER: LazyLock<Arc<Verifier>> = LazyLock::new(|| {
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        Arc::new(Verifier::derive("pencil", salt, 4096))
    });
    Exchange::new("user", Arc::clone(&VERIFIER), genuine, end_point.map(Arc::from))
}

/// The last message of a client that knows the password.
fn client_final(password: &str, header: &[u8], client_first_bare: &str, server_first: &str) -> String {
    let nonce = server_first.split(',').next().expect("a nonce").strip_prefix("r=").expect("a nonce");
    let without_proof = format!("c={},r={nonce}", BASE64.encode(header));
    let auth_message = format!("{client_first_bare},{server_first},{without_proof}");
    let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
    let salted = derive::salted_password(password.as_bytes(), &salt, 4096);
    let client_key = derive::hmac(&salted, &[b"Client Key"]);
    let signature = derive::hmac(&derive::sha256(&client_key), &[auth_message.as_bytes()]);
    format!("{without_proof},p={}", BASE64.encode(derive::xor(&client_key, &signature)))
}

fn challenge(exchange: &mut Exchange, mechanism: &str, first: &str) -> String {
    match exchange.first(mechanism, first.as_bytes()).expect("a sound first message") {
        Step::Continue(text) => String::from_utf8(text).expect("the challenge is text"),
        Step::Success(_) => panic!("nothing is proved yet"),
    }
}

#[test]
fn the_vector_of_rfc_7677() {
    let mut exchange = exchange(true, None);
    let step = exchange.first_with_nonce(MECHANISM, RFC_FIRST, RFC_NONCE).expect("the RFC's message");
    let expected = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    assert_eq!(step, Step::Continue(expected.to_vec()));
    let last = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                 p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    let step = exchange.finish(last).expect("the RFC's proof");
    assert_eq!(step, Step::Success(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_vec()));
}

#[test]
fn the_right_password_wins_and_a_wrong_one_does_not() {
    for (password, genuine, accepted) in [("pencil", true, true), ("Pencil", true, false), ("pencil", false, false)] {
        let mut exchange = exchange(genuine, None);
        let server_first = challenge(&mut exchange, MECHANISM, "n,,n=,r=abc");
        let last = client_final(password, b"n,,", "n=,r=abc", &server_first);
        let result = exchange.finish(last.as_bytes());
        assert_eq!(result.is_ok(), accepted, "{password}");
        if let Err(error) = result {
            assert_eq!(error.sqlstate(), sqlstate::INVALID_PASSWORD);
            assert_eq!(error.message(), "password authentication failed for user \"user\"");
        }
    }
}

#[test]
fn plus_binds_to_the_certificate() {
    let header = "p=tls-server-end-point,,";
    for (end_point, accepted) in [(&b"our certificate"[..], true), (b"another", false)] {
        let mut exchange = exchange(true, Some(b"our certificate"));
        assert_eq!(exchange.mechanisms(), [MECHANISM_PLUS, MECHANISM]);
        let server_first = challenge(&mut exchange, MECHANISM_PLUS, &format!("{header}n=,r=abc"));
        let bound = [header.as_bytes(), end_point].concat();
        let last = client_final("pencil", &bound, "n=,r=abc", &server_first);
        let result = exchange.finish(last.as_bytes());
        assert_eq!(result.is_ok(), accepted);
        if let Err(error) = result {
            assert_eq!(error.message(), "SCRAM channel binding check failed");
            assert_eq!(error.sqlstate(), sqlstate::INVALID_AUTHORIZATION_SPECIFICATION);
        }
    }
}

#[test]
fn downgrades_and_nonsense_are_refused() {
    let plus = Some(&b"binding"[..]);
    for (end_point, mechanism, message, code, says) in [
        (plus, MECHANISM, "y,,n=,r=a", "28000", "SCRAM channel binding negotiation error"),
        (plus, MECHANISM, "p=tls-server-end-point,,n=,r=a", "08P01", "malformed SCRAM message"),
        (plus, MECHANISM_PLUS, "n,,n=,r=a", "08P01", "malformed SCRAM message"),
        (plus, MECHANISM_PLUS, "y,,n=,r=a", "08P01", "malformed SCRAM message"),
        (plus, MECHANISM_PLUS, "p=tls-unique,,n=,r=a", "08P01", "unsupported SCRAM channel-binding type"),
        (None, MECHANISM_PLUS, "n,,n=,r=a", "08P01", "client selected an invalid SASL authentication mechanism"),
        (None, "PLAIN", "n,,n=,r=a", "08P01", "client selected an invalid SASL authentication mechanism"),
        (None, MECHANISM, "n,a=eve,n=,r=a", "0A000", "client uses authorization identity, but it is not supported"),
        (None, MECHANISM, "n,,m=x,n=,r=a", "0A000", "client requires an unsupported SCRAM extension"),
        (None, MECHANISM, "n,,n=,r=", "08P01", "non-printable characters in SCRAM nonce"),
        (None, MECHANISM, "n,,n=,r=a\u{e9}", "08P01", "non-printable characters in SCRAM nonce"),
        (None, MECHANISM, "", "08P01", "malformed SCRAM message"),
        (None, MECHANISM, "x", "08P01", "malformed SCRAM message"),
        (None, MECHANISM, "n,x,n=,r=a", "08P01", "malformed SCRAM message"),
        (None, MECHANISM, "n,,r=a,n=", "08P01", "malformed SCRAM message"),
        (None, MECHANISM, "n,,n=,r=a,%", "08P01", "malformed SCRAM message"),
        (None, MECHANISM, "n,,n=\0,r=a", "08P01", "malformed SCRAM message"),
    ] {
        let error = exchange(true, end_point).first(mechanism, message.as_bytes()).expect_err(message);
        assert_eq!((error.sqlstate().as_str(), error.message()), (code, says), "{mechanism} {message}");
    }
}

#[test]
fn a_spoilt_last_message_is_refused() {
    type Spoil = fn(&str) -> String;
    let spoil: [(&str, Spoil); 7] = [
        ("nonce", |m| m.replacen("r=abc", "r=abd", 1)),
        ("binding", |m| m.replacen("c=biws", "c=eSws", 1)),
        ("garbage", |m| format!("{m},x=1")),
        ("proof", |m| m.replacen(",p=", ",p=A", 1)),
        ("missing proof", |m| m.split(",p=").next().unwrap_or_default().to_owned()),
        ("order", |m| m.replacen("c=", "x=", 1)),
        ("empty", |_| String::new()),
    ];
    for (what, spoil) in spoil {
        let mut exchange = exchange(true, None);
        let server_first = challenge(&mut exchange, MECHANISM, "n,,n=,r=abc");
        let last = spoil(&client_final("pencil", b"n,,", "n=,r=abc", &server_first));
        let error = exchange.finish(last.as_bytes()).expect_err(what);
        assert_eq!(error.sqlstate(), sqlstate::PROTOCOL_VIOLATION, "{what}");
        assert!(exchange.finish(last.as_bytes()).is_err(), "an exchange fails once");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    #[test]
    fn any_first_message_is_answered_or_refused(message in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = exchange(true, None).first(MECHANISM, &message);
    }

    #[test]
    fn nearly_right_first_messages(message in "[nyp]?(=tls-server-end-point)?,(a=)?,(m=)?n=?[a-z]*,r?=[ -~]{0,9}(,[a-z]=.*)?") {
        let mut exchange = exchange(true, Some(b"x"));
        if exchange.first(MECHANISM_PLUS, message.as_bytes()).is_ok() {
            prop_assert!(exchange.finish(message.as_bytes()).is_err());
        }
    }

    #[test]
    fn no_last_message_gets_in(message in "c=[a-zA-Z=]{0,8},r=(abc)?[ -~]{0,30},p=[a-zA-Z0-9+/]{43}=") {
        let mut exchange = exchange(true, None);
        challenge(&mut exchange, MECHANISM, "n,,n=,r=abc");
        prop_assert!(exchange.finish(message.as_bytes()).is_err());
    }
}
