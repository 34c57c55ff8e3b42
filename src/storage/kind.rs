//! What a file is by its name: format, compression, and the name of the table it would be.

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use crate::config::FileFormatKind;

/// A file's format and compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileKind {
    /// The format.
    pub format: FileFormatKind,
    /// The compression of the whole file (text formats only).
    pub compression: FileCompressionType,
}

/// The kind of a file name and what is left of the name without its extensions; `None` for other files.
pub(super) fn split(name: &str) -> Option<(&str, FileKind)> {
    let (bare, compression) = split_compression(name);
    let (stem, extension) = bare.rsplit_once('.')?;
    let format = match extension.to_ascii_lowercase().as_str() {
        "parquet" | "parq" | "pq" => FileFormatKind::Parquet,
        "csv" | "tsv" => FileFormatKind::Csv,
        "json" | "ndjson" | "jsonl" => FileFormatKind::Json,
        "arrow" | "arrows" | "feather" | "ipc" => FileFormatKind::Arrow,
        "avro" => FileFormatKind::Avro,
        _ => return None,
    };
    let text = matches!(format, FileFormatKind::Csv | FileFormatKind::Json);
    let known = text || compression == FileCompressionType::UNCOMPRESSED;
    (known && !stem.is_empty()).then_some((stem, FileKind { format, compression }))
}

/// The kind of a file whose format is known: its name only says how it is compressed.
pub(super) fn of_format(name: &str, format: FileFormatKind) -> FileKind {
    let compression = match format {
        FileFormatKind::Csv | FileFormatKind::Json => split_compression(name).1,
        _ => FileCompressionType::UNCOMPRESSED,
    };
    FileKind { format, compression }
}

/// Whether a file name says tab-separated.
pub(super) fn is_tab_separated(name: &str) -> bool {
    split_compression(name).0.to_ascii_lowercase().ends_with(".tsv")
}

/// A schema (if the name has one) and a table name, both usable in SQL without quotes: `Mart.Daily Sales` is
/// (`mart`, `daily_sales`).
pub(super) fn table_name(stem: &str) -> (Option<String>, String) {
    match stem.split_once('.') {
        Some((schema, table)) if !schema.is_empty() && !table.is_empty() => {
            (Some(identifier(schema)), identifier(table))
        }
        _ => (None, identifier(stem)),
    }
}

/// Whether a file is one part of a table in its folder rather than a table: `part-00000…`, `data_0` or a name without
/// any word, as Spark, DuckDB, Hive and others write them.
pub(super) fn is_part(stem: &str) -> bool {
    let lower = stem.to_ascii_lowercase();
    let numbered = |prefix: &str| {
        lower.strip_prefix(prefix).is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
                && rest.contains(|c: char| c.is_ascii_digit())
        })
    };
    let wordless = lower.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | '_'))
        && lower.contains(|c: char| c.is_ascii_digit())
        && lower.len() >= 6;
    numbered("part") || numbered("data") || wordless
}

/// A file name without the extension that says how the whole file is compressed.
fn split_compression(name: &str) -> (&str, FileCompressionType) {
    let Some((bare, extension)) = name.rsplit_once('.') else { return (name, FileCompressionType::UNCOMPRESSED) };
    let compression = match extension.to_ascii_lowercase().as_str() {
        "gz" => FileCompressionType::GZIP,
        "bz2" => FileCompressionType::BZIP2,
        "xz" => FileCompressionType::XZ,
        "zst" => FileCompressionType::ZSTD,
        _ => return (name, FileCompressionType::UNCOMPRESSED),
    };
    (bare, compression)
}

/// Letters, digits and underscores in lower case, not beginning with a digit, at most 63 bytes.
fn identifier(text: &str) -> String {
    let mut name: String =
        text.to_lowercase().chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_numeric()) {
        name.insert(0, '_');
    }
    while name.len() > 63 {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_files_are() {
        let kind = |name| split(name).map(|(stem, kind)| (stem, kind.format, kind.compression));
        let plain = FileCompressionType::UNCOMPRESSED;
        assert_eq!(kind("a.parquet"), Some(("a", FileFormatKind::Parquet, plain)));
        assert_eq!(kind("a.CSV.gz"), Some(("a", FileFormatKind::Csv, FileCompressionType::GZIP)));
        assert_eq!(kind("m.a.jsonl"), Some(("m.a", FileFormatKind::Json, plain)));
        for other in ["a.txt", "parquet", ".parquet", "a.parquet.gz", "a"] {
            assert_eq!(kind(other), None, "{other}");
        }
    }

    #[test]
    fn names_are_friendly_to_sql() {
        assert_eq!(table_name("Mart.Daily Sales"), (Some("mart".into()), "daily_sales".into()));
        assert_eq!(table_name("2024-orders"), (None, "_2024_orders".into()));
        assert_eq!(table_name("a.b.c"), (Some("a".into()), "b_c".into()));
        assert_eq!(table_name(&"x".repeat(80)).1.len(), 63);
    }

    #[test]
    fn parts_are_told_from_tables() {
        for part in ["part-00000-c000.snappy", "part_1", "part.0", "part0", "data_0", "000000_0", "3f2a9b10-77aa"] {
            assert!(is_part(part), "{part}");
        }
        for table in ["part", "parties", "partsupp", "orders", "data", "data_model", "2024", "facade"] {
            assert!(!is_part(table), "{table}");
        }
    }
}
