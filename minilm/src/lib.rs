//! The sentence model all-MiniLM-L6-v2 in four bits, run by a forward pass of our own.
//!
//! A crate of its own so that it is always compiled with optimisation: unoptimised, one message takes
//! seconds. Licence and origin of the weights: `NOTICE`. The model knows English only.

mod linear;
mod weights;
mod wordpiece;

use std::sync::Arc;

use linear::{Linear, Norm, gelu, softmax, widest};
use weights::{ModelFile, Tensor};
use wordpiece::WordPieces;

pub use linear::{dot, dots, product};
pub use weights::ModelFault;

/// Components of a vector.
pub const WIDTH: usize = 384;
const HEADS: usize = 12;
const HEAD_WIDTH: usize = WIDTH / HEADS;
const LAYERS: usize = 6;
/// Word pieces of a text that are read; the rest of it is not.
const LONGEST_TEXT: usize = 256;
/// Word pieces computed together: enough to read each weight once for many, little enough for the caches.
const BATCH: usize = 256;

static WEIGHTS: &[u8] = include_bytes!("../minilm-q4.bin");

/// The all-MiniLM-L6-v2 sentence model.
#[derive(Clone)]
pub struct MiniLm(Arc<Model>);

struct Model {
    pieces: WordPieces,
    /// Kept in four bits: only the rows of the pieces at hand are decoded.
    words: Tensor<'static>,
    /// Position and segment together.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: Norm,
    widened: Linear,
    narrowed: Linear,
    norm: Norm,
}

impl Layer {
    fn read(file: &ModelFile<'_>, number: usize) -> Result<Self, ModelFault> {
        let linear = |part: &str| Linear::read(file, &format!("l{number}.{part}"));
        let norm = |part: &str| Norm::read(file, &format!("l{number}.{part}"));
        Ok(Self {
            query: linear("attention.self.query")?,
            key: linear("attention.self.key")?,
            value: linear("attention.self.value")?,
            attended: linear("attention.output.dense")?,
            attended_norm: norm("attention.output.LayerNorm")?,
            widened: linear("intermediate.dense")?,
            narrowed: linear("output.dense")?,
            norm: norm("output.LayerNorm")?,
        })
    }
}

impl MiniLm {
    /// The model carried by the program; takes some 30 ms and 45 MB, so make one and share it.
    pub fn built_in() -> Self {
        Self::read(WEIGHTS).expect("the model file is compiled in, and a test reads it")
    }

    fn read(file: &'static [u8]) -> Result<Self, ModelFault> {
        let model_file = ModelFile::read(file)?;
        let words = model_file.tensor("emb.word")?;
        let segment = model_file.tensor("emb.type0")?.decode();
        let mut positions = model_file.tensor("emb.pos")?.decode();
        if words.columns() != WIDTH || segment.len() != WIDTH || positions.len() < LONGEST_TEXT * WIDTH {
            return Err(ModelFault::Missing("emb".to_owned()));
        }
        if words.rows() != model_file.vocabulary.lines().count() {
            return Err(ModelFault::Missing("emb.word".to_owned()));
        }
        for (value, shift) in positions.iter_mut().zip(segment.iter().cycle()) {
            *value += shift;
        }
        let layers = (0..LAYERS).map(|number| Layer::read(&model_file, number)).collect::<Result<_, _>>()?;
        let norm = Norm::read(&model_file, "emb.ln")?;
        let pieces = WordPieces::new(model_file.vocabulary);
        Ok(Self(Arc::new(Model { pieces, words, positions, norm, layers })))
    }

    /// One vector of length one for each text, in the order given.
    pub fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut batch: Vec<Vec<u32>> = Vec::new();
        let mut pieces = 0;
        for text in texts {
            let ids = self.0.pieces.ids(text, LONGEST_TEXT);
            if pieces + ids.len() > BATCH {
                vectors.extend(self.0.forward(&batch));
                batch.clear();
                pieces = 0;
            }
            pieces += ids.len();
            batch.push(ids);
        }
        vectors.extend(self.0.forward(&batch));
        vectors
    }
}

impl Model {
    /// The vectors of texts given as word pieces. All texts share the matrix products; attention stays
    /// within each.
    fn forward(&self, texts: &[Vec<u32>]) -> Vec<Vec<f32>> {
        let mut rows = Vec::with_capacity(texts.iter().map(Vec::len).sum::<usize>() * WIDTH);
        for text in texts {
            for id in text {
                self.words.decode_row(*id as usize, &mut rows);
            }
        }
        let positions = texts.iter().flat_map(|text| &self.positions[..text.len() * WIDTH]);
        for (value, position) in rows.iter_mut().zip(positions) {
            *value += position;
        }
        self.norm.normalise(&mut rows);

        let [mut query, mut key, mut value, mut output, mut wide] = [const { Vec::new() }; 5];
        let mut context = vec![0.0; rows.len()];
        for layer in &self.layers {
            layer.query.apply(&rows, &mut query);
            layer.key.apply(&rows, &mut key);
            layer.value.apply(&rows, &mut value);
            let mut start = 0;
            for text in texts {
                let span = start..start + text.len() * WIDTH;
                attend(
                    &query[span.clone()],
                    &key[span.clone()],
                    &value[span.clone()],
                    &mut context[span.clone()],
                );
                start = span.end;
            }
            layer.attended.apply(&context, &mut output);
            layer.attended_norm.apply_sum(&mut rows, &output);
            layer.widened.apply(&rows, &mut wide);
            gelu(&mut wide);
            layer.narrowed.apply(&wide, &mut output);
            layer.norm.apply_sum(&mut rows, &output);
        }

        let mut left = rows.as_slice();
        texts
            .iter()
            .map(|text| {
                let (own, others) = left.split_at(text.len() * WIDTH);
                left = others;
                mean_of_rows(own)
            })
            .collect()
    }
}

/// The direction of the mean of rows.
fn mean_of_rows(rows: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0; WIDTH];
    for row in rows.chunks_exact(WIDTH) {
        for (total, value) in sum.iter_mut().zip(row) {
            *total += value;
        }
    }
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    sum.iter_mut().for_each(|value| *value /= length);
    sum
}

/// Attention of one text: every piece takes from the others what its heads ask for.
fn attend(query: &[f32], key: &[f32], value: &[f32], context: &mut [f32]) {
    let length = query.len() / WIDTH;
    let scale = 1.0 / (HEAD_WIDTH as f32).sqrt();
    let mut turned_key = vec![0.0; HEAD_WIDTH * length];
    let mut shares = vec![0.0; length * length];
    widest(
        #[inline(always)]
        || {
            for offset in (0..WIDTH).step_by(HEAD_WIDTH) {
                for (piece, row) in key.chunks_exact(WIDTH).enumerate() {
                    for (dimension, number) in row[offset..][..HEAD_WIDTH].iter().enumerate() {
                        turned_key[dimension * length + piece] = number * scale;
                    }
                }
                for (row, scores) in query.chunks_exact(WIDTH).zip(shares.chunks_exact_mut(length)) {
                    scores.fill(0.0);
                    add_products(&row[offset..][..HEAD_WIDTH], &turned_key, scores);
                }
                softmax(&mut shares, length);
                for (row, scores) in context.chunks_exact_mut(WIDTH).zip(shares.chunks_exact(length)) {
                    let mut sums = [0.0; HEAD_WIDTH];
                    for (share, values) in scores.iter().zip(value.chunks_exact(WIDTH)) {
                        for (sum, number) in sums.iter_mut().zip(&values[offset..][..HEAD_WIDTH]) {
                            *sum += share * number;
                        }
                    }
                    row[offset..][..HEAD_WIDTH].copy_from_slice(&sums);
                }
            }
        },
    );
}

/// Adds to `sums` each row of `matrix` times its factor.
#[inline(always)]
fn add_products(factors: &[f32], matrix: &[f32], sums: &mut [f32]) {
    for (factor, row) in factors.iter().zip(matrix.chunks_exact(sums.len())) {
        for (sum, number) in sums.iter_mut().zip(row) {
            *sum += factor * number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Reference {
        text: String,
        ids: Vec<u32>,
        /// Computed in double precision from the numbers in the model file.
        four_bit: Vec<f32>,
        /// Computed from the published weights.
        full: Vec<f32>,
    }

    fn references() -> Vec<Reference> {
        serde_json::from_str(include_str!("../tests/reference.json"))
            .expect("the reference file is well formed")
    }

    fn cosine(left: &[f32], right: &[f32]) -> f32 {
        left.iter().zip(right).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn vectors_are_those_of_the_reference() {
        let model = MiniLm::built_in();
        for reference in references() {
            assert_eq!(model.0.pieces.ids(&reference.text, LONGEST_TEXT), reference.ids);
            let vectors = model.embed(&[&reference.text]);
            let exact = cosine(&vectors[0], &reference.four_bit);
            let rounded = cosine(&vectors[0], &reference.full);
            assert!(exact > 0.9999, "{:?} has cosine {exact}", reference.text);
            assert!(rounded > 0.93, "{:?} has cosine {rounded} to the full model", reference.text);
        }
    }

    #[test]
    fn a_text_has_the_same_vector_alone_and_in_a_batch() {
        let model = MiniLm::built_in();
        let long = "a rather long passage about opening hours ".repeat(60);
        let texts = ["", "hello", &long, "when do you close?", &long, "x"];
        let together = model.embed(&texts);
        for (text, vector) in texts.iter().zip(&together) {
            let alone = model.embed(&[text]);
            assert!(cosine(&alone[0], vector) > 0.99999);
            assert!((cosine(vector, vector) - 1.0).abs() < 1e-5);
        }
        assert!(model.embed(&[]).is_empty());
    }
}
