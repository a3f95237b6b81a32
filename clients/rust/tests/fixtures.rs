//! The engine's own wire fixtures, read by this client.

use fusewire_client::Signal;
use std::path::PathBuf;

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../test/fixtures/wire")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn reads_the_same_signal_from_both_encodings() {
    let packed: Signal = rmp_serde::from_slice(&fixture("signal.msgpack")).expect("MessagePack");
    let json: Signal = serde_json::from_slice(&fixture("signal.json")).expect("JSON");
    assert_eq!(packed, json);
    let sum: f64 = packed
        .sources
        .iter()
        .map(|source| source.contribution)
        .sum();
    assert!((sum - packed.log_odds).abs() < 1e-9);
}
