//! Whole numbers as the wire may carry them: MessagePack integers, or doubles (a JavaScript peer writes 2^32 and above so).

use serde::{Deserializer, de};
use std::fmt;

/// Largest integer that a double holds exactly.
const SAFE_MAX: f64 = 9_007_199_254_740_991.0;

struct WholeVisitor;

impl de::Visitor<'_> for WholeVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a whole number in [0, 2^53)")
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<u64, E> {
        Ok(value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<u64, E> {
        u64::try_from(value).map_err(|_| E::custom("negative"))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<u64, E> {
        if value.fract() == 0.0 && (0.0..=SAFE_MAX).contains(&value) {
            // In range and whole by the test above.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            return Ok(value as u64);
        }
        Err(E::custom("not a safe whole number"))
    }
}

/// For `#[serde(deserialize_with = "whole")]`.
pub fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(WholeVisitor)
}
