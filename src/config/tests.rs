//! The sample equals the defaults and is complete; every kind of mistake is found, with its line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::*;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/lakewire.toml");

/// A file in a folder of its own.
struct Case {
    dir: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("the temporary folder is writable");
        path
    }

    fn sources(&self, toml: &str) -> Sources {
        Sources { file: Some(self.file("c.toml", toml)), ..Sources::default() }
    }
}

/// The mistakes of a file as "line: message".
fn mistakes(toml: &str) -> Vec<String> {
    let case = Case::new();
    let sources = case.sources(toml);
    let prefix = format!("{}:", case.path("c.toml").display());
    let mistakes = sources.load().expect_err("the file has mistakes");
    mistakes.lines().map(|line| line.strip_prefix(&prefix).unwrap_or(&line).to_owned()).collect()
}

fn load(toml: &str) -> Config {
    Case::new().sources(toml).load().expect("the file is right")
}

#[test]
fn the_sample_equals_the_defaults() {
    let sample = Sources { file: Some(PathBuf::from(SAMPLE)), ..Sources::default() };
    let (config, _) = sample.load_with_keys().expect("the sample is right");
    assert_eq!(config, Config::default());
    assert_eq!(Sources::default().load().expect("nothing is right"), Config::default());
}

#[test]
fn the_sample_has_every_key() {
    let text = std::fs::read_to_string(SAMPLE).expect("the sample is there");
    let (_, keys) = Sources::default().load_with_keys().expect("nothing is right");
    let mut section = String::new();
    let mut shown = std::collections::BTreeSet::new();
    for line in text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, _)) = line.split_once(" = ")
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            shown.insert(format!("{section}.{key}"));
        }
    }
    let missing: Vec<_> = keys.difference(&shown).collect();
    assert!(missing.is_empty(), "keys that the sample does not show: {missing:?}");
    let block = |name: &str| shown.iter().filter(|key| key.starts_with(name)).count();
    assert_eq!((block("tables."), block("views."), block("auth.users.")), (13, 5, 3), "{shown:?}");
}

#[test]
fn the_samples_examples_are_right() {
    let case = Case::new();
    let text = std::fs::read_to_string(SAMPLE).expect("the sample is there");
    let mut toml = String::new();
    for line in text.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let key =
            bare.split_once(" = ").is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_alphabetic() || c == '_'));
        toml += if key || bare.starts_with('[') { bare } else { "" };
        toml.push('\n');
    }
    std::fs::create_dir(case.path("data")).expect("the temporary folder is writable");
    for (written, file) in [("\"server.crt\"", "a.crt"), ("\"server.key\"", "a.key"), ("\"clients.crt\"", "b.crt")] {
        toml = toml.replace(written, &format!("{:?}", case.file(file, "")));
    }
    toml = toml.replace("\"./data\"", &format!("{:?}", case.path("data")));
    let config = case.sources(&toml).load().expect("the examples are right");
    assert_eq!(config.tables.len(), 1);
    assert_eq!(config.auth.users.len(), 1);
    assert!(config.tls.is_some_and(|tls| tls.required && tls.client_ca.is_some()));
}

#[test]
fn unknown_keys_and_sections_have_their_line_and_a_guess() {
    let toml = "[server]\nlisten = \"127.0.0.1:1\"\nlisen = 3\n\n[sever]\nx = 1\n[[tables]]\nname = \"t\"\nlocation = \"https://h/t.parquet\"\nfromat = \"csv\"\n";
    assert_eq!(
        mistakes(toml),
        [
            "3: unknown key \"lisen\" in [server]; did you mean \"listen\"?",
            "5: unknown section [sever]; did you mean \"server\"?",
            "10: unknown key \"fromat\" in [[tables]]; did you mean \"format\"?",
        ]
    );
}

#[test]
fn bad_values_are_all_named_at_once() {
    let toml = "
[server]
listen = \"here\"
allow_insecure = \"perhaps\"
max_connections = 0
authentication_timeout = \"0s\"
max_message = \"1kB\"
schema = \"pg_catalog\"
[auth]
loopback = \"ident\"
remote = \"password\"
[storage]
data = \"/no/such/folder\"
[demo]
scale = -1
[execution]
threads = 0
[memory]
limit = \"10kB\"
query_limit = \"200%\"
[log]
filter = \"lakewire=loud\"
format = \"xml\"
slow_statement = \"1\"
";
    let found = mistakes(toml);
    let lines: Vec<&str> = found.iter().filter_map(|line| line.split(':').next()).collect();
    let expected = ["3", "4", "5", "6", "7", "8", "10", "11", "13", "15", "17", "19", "20", "22", "23", "24"];
    assert_eq!(lines, expected, "{found:#?}");
    assert_eq!(found[0], "3: server.listen: expected ADDRESS:PORT such as \"127.0.0.1:5433\", not \"here\"");
    assert_eq!(found[2], "5: server.max_connections: expected a whole number from 1 to 100000, not 0");
}

#[test]
fn syntax_mistakes_have_their_line_and_hide_nothing() {
    let found = mistakes("[server]\nlisten = \nmax_conections = 5\n");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("2: "), "{found:#?}");
    assert_eq!(found[1], "3: unknown key \"max_conections\" in [server]; did you mean \"max_connections\"?");
    let found = mistakes("[server]\nmax_connections = 5\nmax_connections = 6\n");
    assert!(found[0].starts_with("3: duplicate key"), "{found:#?}");
}

#[test]
fn blocks_need_their_keys_and_differ() {
    let toml = "
[[tables]]
location = \"s3://b/k\"
[[tables]]
name = \"t\"
location = \"ftp://b/k\"
delimiter = \"ab\"
options = { secret_access_key = [1] }
[[tables]]
name = \"u\"
location = \"/no/such/*.parquet\"
[[tables]]
name = \"v\"
location = \"s3://b/k\"
[[tables]]
name = \"v\"
location = \"s3://b/k\"
[[auth.users]]
name = \"ada\"
verifier = \"hunter2\"
[[auth.users]]
name = \"ada\"
";
    let found = mistakes(toml);
    let text = found.join("\n");
    assert!(text.contains("2: [[tables]] needs the key \"name\""), "{text}");
    assert!(text.contains("6: tables.location: unknown scheme \"ftp\""), "{text}");
    assert!(text.contains("7: tables.delimiter: "), "{text}");
    assert!(text.contains("8: tables.options: the option \"secret_access_key\" must be a string"), "{text}");
    assert!(text.contains("11: tables.location: nothing matches \"/no/such/*.parquet\""), "{text}");
    assert!(text.contains("16: tables.name: there is already a table \"public.v\""), "{text}");
    assert!(text.contains("20: auth.users.verifier: not a SCRAM-SHA-256 verifier"), "{text}");
    assert!(text.contains("22: auth.users.name: there is already a user \"ada\""), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(found.len(), 8, "{text}");
}

#[test]
fn certificates_must_be_there() {
    let case = Case::new();
    let key = case.file("k.pem", "");
    let found = mistakes(&format!("[tls]\ncert = \"/no/such.pem\"\nkey = {key:?}\n"));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("2: tls.cert: could not open \"/no/such.pem\""), "{found:#?}");
    let found = mistakes(&format!("[auth]\nremote = \"cert\"\n[tls]\nkey = {key:?}\n"));
    assert_eq!(found, ["2: auth.remote: \"cert\" needs tls.client_ca", "3: [tls] needs the key \"cert\""]);
}

#[test]
fn nothing_is_exposed_by_accident() {
    let found = mistakes("[server]\nlisten = \"0.0.0.0:5433\"\n[auth]\nremote = \"trust\"\n");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("2: server.listen: 0.0.0.0:5433 is not a loopback address"), "{found:#?}");
    assert!(mistakes("[server]\nlisten = \"[::]:5433\"\n")[0].contains("without TLS, so"));
    assert!(load("[server]\nlisten = \"0.0.0.0:5433\"\nallow_insecure = true\n").server.allow_insecure);

    let case = Case::new();
    let pem = case.file("k.pem", "");
    let tls = format!("[tls]\ncert = {pem:?}\nkey = {pem:?}\n");
    assert!(load(&format!("[server]\nlisten = \"0.0.0.0:5433\"\n{tls}")).tls.is_some_and(|tls| tls.required));
    let trusting = format!("[server]\nlisten = \"0.0.0.0:5433\"\n{tls}[auth]\nremote = \"trust\"\n");
    assert!(mistakes(&trusting)[0].contains("without authentication"));
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let case = Case::new();
    let mut sources =
        case.sources("[server]\nlisten = \"127.0.0.1:1\"\nmax_connections = 7\n[settings]\nTimeZone = \"UTC\"\n");
    let variable = |name: &str, value: &str| (name.to_owned(), OsString::from(value));
    sources.variables = vec![
        variable("LAKEWIRE_SERVER_LISTEN", "127.0.0.1:2"),
        variable("LAKEWIRE_SERVER_MAX_CONNECTIONS", "9"),
        variable("LAKEWIRE_SETTINGS_TIMEZONE", "Asia/Tokyo"),
        variable("LAKEWIRE_LOG_SLOW_STATEMENT", "off"),
        variable("LAKEWIRE_TLS_CERT", ""),
        variable("LAKEWIRE_CONFIG", "elsewhere.toml"),
        variable("HOME", "/"),
    ];
    sources.overrides.listen = Some("127.0.0.1:3".to_owned());
    let config = sources.load().expect("all is right");
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.server.max_connections, 9);
    assert_eq!(config.settings, [("timezone".to_owned(), "Asia/Tokyo".to_owned())]);
    assert_eq!(config.log.slow_statement, None);
}

#[test]
fn variables_and_flags_are_checked_too() {
    let variable = |name: &str, value: &str| (name.to_owned(), OsString::from(value));
    let sources = Sources {
        file: None,
        variables: vec![variable("LAKEWIRE_SERVER_LISEN", "x"), variable("LAKEWIRE_DEMO_ENABLED", "maybe")],
        overrides: Overrides { listen: Some("5433".to_owned()), ..Overrides::default() },
    };
    let found: Vec<String> = sources.load().expect_err("three mistakes").lines().collect();
    assert_eq!(
        found,
        [
            "--listen: server.listen: expected ADDRESS:PORT such as \"127.0.0.1:5433\", not \"5433\"",
            "LAKEWIRE_DEMO_ENABLED: demo.enabled: expected true or false, not \"maybe\"",
            "LAKEWIRE_SERVER_LISEN: this variable overrides no key; did you mean \"LAKEWIRE_SERVER_LISTEN\"?",
        ]
    );
}

#[test]
fn a_missing_file_is_one_clear_line() {
    let sources = Sources { file: Some(PathBuf::from("/no/such.toml")), ..Sources::default() };
    let line = sources.load().expect_err("there is no file").summary();
    assert!(line.starts_with("/no/such.toml: could not read the configuration file: "), "{line}");
}

#[test]
fn the_demo_is_served_when_nothing_else_is() {
    let case = Case::new();
    assert!(load("").demo);
    assert!(!load(&format!("[storage]\ndata = {:?}\n", case.dir.path())).demo);
    assert!(!load("[[tables]]\nname = \"t\"\nlocation = \"https://h/t.csv\"\n").demo);
    assert!(load("[[tables]]\nname = \"t\"\nlocation = \"https://h/t.csv\"\n[demo]\nenabled = true\n").demo);
}

#[test]
fn secrets_are_not_shown() {
    let mut config = Config::default();
    config.auth.users.push(UserConfig { name: "ada".into(), verifier: Some("hunter2".into()), superuser: false });
    let mut table = TableConfig::new("public", "t", "s3://b/k");
    table.options.push(("secret_access_key".into(), "hunter3".into()));
    config.tables.push(table);
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter"), "{shown}");
    assert!(shown.contains("secret_access_key") && shown.contains("ada"), "{shown}");
}

#[test]
fn memory_is_shared_out() {
    let execution = load("[memory]\nlimit = \"1GB\"\nquery_limit = \"25%\"\n[execution]\nthreads = 3\n").execution;
    assert_eq!(execution.memory_limit_bytes, 1 << 30);
    assert_eq!(execution.query_memory_limit_bytes, (1 << 30) / 100 * 25);
    assert_eq!((execution.threads, execution.max_running), (3, 12));
    let all = load("[server]\nkeepalive_idle = \"2min\"\n");
    assert_eq!(all.server.keepalive_idle, Duration::from_mins(2));
}
