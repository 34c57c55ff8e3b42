//! Zone abbreviations: those of PostgreSQL's `Default` set, which every session has.
//!
//! Most mean one offset. Some have changed their meaning over time and stand for a zone, which says what they meant.

/// What an abbreviation means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abbreviation {
    /// Seconds east of UTC.
    Offset(i32),
    /// What the zone of this name called so at that time.
    Zone(&'static str),
}

use Abbreviation::{Offset, Zone};

/// The abbreviation and its meaning; the text is in lower case.
#[must_use]
pub fn abbreviation(lower: &str) -> Option<(&'static str, Abbreviation)> {
    let at = ABBREVIATIONS.binary_search_by_key(&lower, |(name, _)| name).ok()?;
    Some(ABBREVIATIONS[at])
}

#[rustfmt::skip]
static ABBREVIATIONS: &[(&str, Abbreviation)] = &[
    ("acdt", Offset(37800)), ("acsst", Offset(37800)), ("acst", Offset(34200)), ("act", Offset(-18000)),
    ("acwst", Offset(31500)), ("adt", Offset(-10800)), ("aedt", Offset(39600)), ("aesst", Offset(39600)),
    ("aest", Offset(36000)), ("aft", Offset(16200)), ("akdt", Offset(-28800)), ("akst", Offset(-32400)),
    ("almst", Offset(25200)), ("almt", Offset(21600)), ("amst", Zone("Asia/Yerevan")), ("amt", Offset(-14400)),
    ("anast", Zone("Asia/Anadyr")), ("anat", Zone("Asia/Anadyr")), ("arst", Zone("America/Argentina/Buenos_Aires")),
    ("art", Zone("America/Argentina/Buenos_Aires")), ("ast", Offset(-14400)), ("awsst", Offset(32400)),
    ("awst", Offset(28800)), ("azost", Offset(0)), ("azot", Offset(-3600)), ("azst", Zone("Asia/Baku")),
    ("azt", Zone("Asia/Baku")), ("bdst", Offset(7200)), ("bdt", Offset(21600)), ("bnt", Offset(28800)),
    ("bort", Offset(28800)), ("bot", Offset(-14400)), ("bra", Offset(-10800)), ("brst", Offset(-7200)),
    ("brt", Offset(-10800)), ("bst", Offset(3600)), ("btt", Offset(21600)), ("cadt", Offset(37800)),
    ("cast", Offset(34200)), ("cct", Offset(28800)), ("cdt", Offset(-18000)), ("cest", Offset(7200)),
    ("cet", Offset(3600)), ("cetdst", Offset(7200)), ("chadt", Offset(49500)), ("chast", Offset(45900)),
    ("chut", Offset(36000)), ("ckt", Zone("Pacific/Rarotonga")), ("clst", Offset(-10800)),
    ("clt", Zone("America/Santiago")), ("cot", Offset(-18000)), ("cst", Offset(-21600)), ("cxt", Offset(25200)),
    ("davt", Zone("Antarctica/Davis")), ("ddut", Offset(36000)), ("easst", Zone("Pacific/Easter")),
    ("east", Zone("Pacific/Easter")), ("eat", Offset(10800)), ("edt", Offset(-14400)), ("eest", Offset(10800)),
    ("eet", Offset(7200)), ("eetdst", Offset(10800)), ("egst", Offset(0)), ("egt", Offset(-3600)),
    ("est", Offset(-18000)), ("fet", Offset(10800)), ("fjst", Offset(46800)), ("fjt", Offset(43200)),
    ("fkst", Zone("Atlantic/Stanley")), ("fkt", Zone("Atlantic/Stanley")), ("fnst", Offset(-3600)),
    ("fnt", Offset(-7200)), ("galt", Offset(-21600)), ("gamt", Offset(-32400)), ("gest", Zone("Asia/Tbilisi")),
    ("get", Zone("Asia/Tbilisi")), ("gft", Offset(-10800)), ("gilt", Offset(43200)), ("gmt", Offset(0)),
    ("gyt", Zone("America/Guyana")), ("hkt", Offset(28800)), ("hst", Offset(-36000)), ("ict", Offset(25200)),
    ("idt", Offset(10800)), ("iot", Zone("Indian/Chagos")), ("irkst", Zone("Asia/Irkutsk")),
    ("irkt", Zone("Asia/Irkutsk")), ("irt", Offset(12600)), ("ist", Offset(7200)), ("jayt", Offset(32400)),
    ("jst", Offset(32400)), ("kdt", Offset(36000)), ("kgst", Offset(21600)), ("kgt", Zone("Asia/Bishkek")),
    ("kost", Zone("Pacific/Kosrae")), ("krast", Zone("Asia/Krasnoyarsk")), ("krat", Zone("Asia/Krasnoyarsk")),
    ("kst", Offset(32400)), ("lhdt", Zone("Australia/Lord_Howe")), ("lhst", Offset(37800)), ("ligt", Offset(36000)),
    ("lint", Zone("Pacific/Kiritimati")), ("lkt", Zone("Asia/Colombo")), ("magst", Zone("Asia/Magadan")),
    ("magt", Zone("Asia/Magadan")), ("mart", Offset(-34200)), ("mawt", Zone("Antarctica/Mawson")),
    ("mdt", Offset(-21600)), ("mest", Offset(7200)), ("mesz", Offset(7200)), ("met", Offset(3600)),
    ("metdst", Offset(7200)), ("mez", Offset(3600)), ("mht", Offset(43200)), ("mmt", Offset(23400)),
    ("mpt", Offset(36000)), ("msd", Offset(14400)), ("msk", Zone("Europe/Moscow")), ("mst", Offset(-25200)),
    ("must", Offset(18000)), ("mut", Offset(14400)), ("mvt", Offset(18000)), ("myt", Offset(28800)),
    ("ndt", Offset(-9000)), ("nft", Offset(-12600)), ("novst", Zone("Asia/Novosibirsk")),
    ("novt", Zone("Asia/Novosibirsk")), ("npt", Offset(20700)), ("nst", Offset(-12600)),
    ("nut", Zone("Pacific/Niue")), ("nzdt", Offset(46800)), ("nzst", Offset(43200)), ("nzt", Offset(43200)),
    ("omsst", Zone("Asia/Omsk")), ("omst", Zone("Asia/Omsk")), ("pdt", Offset(-25200)), ("pet", Offset(-18000)),
    ("petst", Zone("Asia/Kamchatka")), ("pett", Zone("Asia/Kamchatka")), ("pgt", Offset(36000)),
    ("pht", Offset(28800)), ("pkst", Offset(21600)), ("pkt", Offset(18000)), ("pmdt", Offset(-7200)),
    ("pmst", Offset(-10800)), ("pont", Offset(39600)), ("pst", Offset(-28800)), ("pwt", Offset(32400)),
    ("pyst", Offset(-10800)), ("pyt", Zone("America/Asuncion")), ("ret", Offset(14400)), ("sadt", Offset(37800)),
    ("sast", Offset(7200)), ("sct", Offset(14400)), ("sgt", Zone("Asia/Singapore")), ("taht", Offset(-36000)),
    ("tft", Offset(18000)), ("tjt", Offset(18000)), ("tkt", Zone("Pacific/Fakaofo")), ("tmt", Zone("Asia/Ashgabat")),
    ("tot", Offset(46800)), ("trut", Offset(36000)), ("tvt", Offset(43200)), ("uct", Offset(0)),
    ("ulast", Offset(32400)), ("ulat", Zone("Asia/Ulaanbaatar")), ("ut", Offset(0)), ("utc", Offset(0)),
    ("uyst", Offset(-7200)), ("uyt", Offset(-10800)), ("uzst", Offset(21600)), ("uzt", Offset(18000)),
    ("vet", Zone("America/Caracas")), ("vlast", Zone("Asia/Vladivostok")), ("vlat", Zone("Asia/Vladivostok")),
    ("volt", Zone("Europe/Volgograd")), ("vut", Offset(39600)), ("wadt", Offset(28800)), ("wakt", Offset(43200)),
    ("wast", Offset(25200)), ("wat", Offset(3600)), ("wdt", Offset(32400)), ("wet", Offset(0)),
    ("wetdst", Offset(3600)), ("wft", Offset(43200)), ("wgst", Offset(-7200)), ("wgt", Offset(-10800)),
    ("xjt", Offset(21600)), ("yakst", Zone("Asia/Yakutsk")), ("yakt", Zone("Asia/Yakutsk")), ("yapt", Offset(36000)),
    ("yekst", Offset(21600)), ("yekt", Zone("Asia/Yekaterinburg")), ("z", Offset(0)), ("zulu", Offset(0)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_in_order() {
        assert!(ABBREVIATIONS.is_sorted_by_key(|(name, _)| *name));
        assert_eq!(abbreviation("pst"), Some(("pst", Offset(-28_800))));
        assert_eq!(abbreviation("msk"), Some(("msk", Zone("Europe/Moscow"))));
        assert_eq!(abbreviation("nowhere"), None);
    }
}
