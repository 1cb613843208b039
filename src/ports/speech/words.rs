//! Words from the pieces that engines give.

use crate::protocol::SpokenWord;

/// A piece of a word: its bytes, when it is said, in milliseconds, and how sure the model is, 0 to 1.
#[cfg(feature = "speech")]
pub(super) struct Piece<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    pub(super) sure: f32,
}

/// Joins pieces to words. A word begins where a piece begins with a space; its confidence is that of its
/// weakest piece. Letters may be spread over pieces, so the bytes are joined before they are read.
#[cfg(feature = "speech")]
pub(super) fn join<'a>(pieces: impl Iterator<Item = Piece<'a>>) -> Vec<SpokenWord> {
    let mut open: Vec<(Vec<u8>, i64, i64, f32)> = Vec::new();
    for piece in pieces {
        match open.last_mut() {
            Some((bytes, _, end, sure)) if !piece.bytes.starts_with(b" ") => {
                bytes.extend(piece.bytes);
                *end = piece.end_ms.max(*end);
                *sure = sure.min(piece.sure);
            }
            _ => open.push((piece.bytes.to_vec(), piece.start_ms, piece.end_ms, piece.sure)),
        }
    }
    open.into_iter()
        .filter_map(|(bytes, start, end, sure)| {
            let text = String::from_utf8_lossy(&bytes).trim().to_owned();
            (!text.is_empty()).then(|| word(text, start, end, Some(f64::from(sure))))
        })
        .collect()
}

/// The words of a stretch of text, spread over its time by their lengths.
pub(super) fn spread(text: &str, start_ms: i64, end_ms: i64, sure: Option<f64>) -> Vec<SpokenWord> {
    let letters = |text: &str| i64::try_from(text.chars().count()).unwrap_or(0);
    let total: i64 = text.split_whitespace().map(letters).sum::<i64>().max(1);
    let length = (end_ms - start_ms).max(0);
    let mut said = 0;
    text.split_whitespace()
        .map(|part| {
            let start = start_ms + length * said / total;
            said += letters(part);
            word(part.to_owned(), start, start_ms + length * said / total, sure)
        })
        .collect()
}

/// A word with its numbers made sane.
pub(super) fn word(text: String, start_ms: i64, end_ms: i64, confidence: Option<f64>) -> SpokenWord {
    let clean = |ms: i64| u32::try_from(ms.max(0)).unwrap_or(u32::MAX);
    let confidence =
        confidence.filter(|sure| sure.is_finite()).map(|sure| (sure.clamp(0.0, 1.0) * 100.0).round() / 100.0);
    SpokenWord { text, start_ms: clean(start_ms), end_ms: clean(end_ms.max(start_ms)), confidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "speech")]
    fn pieces_become_words_and_the_weakest_piece_counts() {
        let piece =
            |bytes: &'static [u8], start_ms, sure| Piece { bytes, start_ms, end_ms: start_ms + 90, sure };
        let pieces = [
            piece(b" caf", 0, 0.9),
            piece(b"\xc3", 100, 0.8),
            piece(b"\xa9", 200, 0.5),
            piece(b" now", 300, 0.99),
            piece(b".", 400, 1.0),
        ];
        let words = join(pieces.into_iter());
        let shown: Vec<_> = words
            .iter()
            .map(|word| (word.text.as_str(), word.start_ms, word.end_ms, word.confidence))
            .collect();
        assert_eq!(shown, [("café", 0, 290, Some(0.5)), ("now.", 300, 490, Some(0.99))]);
    }

    #[test]
    fn a_stretch_of_text_is_spread_over_its_time() {
        let words = spread(" ab cdef ", 1_000, 1_600, None);
        let shown: Vec<_> =
            words.iter().map(|word| (word.text.as_str(), word.start_ms, word.end_ms)).collect();
        assert_eq!(shown, [("ab", 1_000, 1_200), ("cdef", 1_200, 1_600)]);
        assert_eq!(word("x".to_owned(), -5, -9, Some(f64::NAN)).confidence, None);
    }
}
