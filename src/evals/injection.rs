//! Attacks: judging texts, and learning to.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Answerer, Error, line, lines};
use crate::language::steering::judge;
use crate::language::steering::train::{Lesson, held_out, learn};
use crate::ports::embedder::{Embedder, MiniLm};

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: String,
    text: String,
    #[serde(default)]
    label: u8,
    #[serde(default)]
    source: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    score: f64,
    flag: bool,
}

pub(super) fn prepare() -> Answerer {
    let embedder = MiniLm::built_in();
    Box::new(move |asked| {
        let asked: Line = serde_json::from_str(asked)?;
        let verdict = judge(&asked.text, Some(&embedder.embed_one(&asked.text)));
        line(&Answer { id: &asked.id, score: verdict.score, flag: verdict.flag })
    })
}

/// Our own examples beside the kit's: `attack` or `harmless`, a tab, the text.
const OWN: &str = include_str!("steering.tsv");
/// Customers' messages of the intent sets that are learned as harmless.
const CUSTOMERS: usize = 3000;

/// Learns the weights of the steering judge from the kit's open parts and writes them to `weights`;
/// the figures of a cross-validation go to `report`.
pub fn train_steering(kit: &Path, weights: &Path, mut report: impl Write) -> Result<(), Error> {
    let mut lines: Vec<Line> = read(&kit.join("injection/dev/injection.dev.jsonl"))?;
    // Some stand twice, from two sources: judged by a part and learned in another, they would be known.
    lines.sort_by_key(|line| line.source != "notinject");
    let mut known = BTreeSet::new();
    lines.retain(|line| known.insert(line.text.trim().to_owned()));
    // Attacks and customers of one source stand together in the file; parts are dealt out in this order.
    lines.sort_by_key(|line| *blake3::hash(line.text.as_bytes()).as_bytes());
    let judged = lines.len();
    lines.extend(OWN.lines().filter_map(|line| line.split_once('\t')).map(|(kind, text)| Line {
        id: String::new(),
        text: text.to_owned(),
        label: u8::from(kind == "attack"),
        source: "own".to_owned(),
    }));
    let mut customers = BTreeSet::new();
    for set in ["banking77.train10", "clinc150.train10", "clinc150.dev", "banking77.dev", "nlupp_hotels.dev"]
    {
        let taken = read::<Line>(&kit.join(format!("intents/dev/{set}.jsonl")))?;
        customers.extend(taken.into_iter().map(|line| line.text).filter(|text| !known.contains(text.trim())));
    }
    let mut customers: Vec<String> = customers.into_iter().collect();
    customers.sort_by_key(|text| *blake3::hash(text.as_bytes()).as_bytes());
    lines.extend(customers.into_iter().take(CUSTOMERS).map(|text| Line {
        id: String::new(),
        text,
        label: 0,
        source: "more customers".to_owned(),
    }));

    let embedder = MiniLm::built_in();
    let lessons: Vec<Lesson> = lines
        .iter()
        .map(|line| Lesson {
            text: line.text.clone(),
            vector: embedder.embed_one(&line.text),
            attack: line.label == 1,
            weight: match line.source.as_str() {
                "notinject" => 4.0,
                "own" => 2.0,
                "more customers" => 0.2,
                _ => 1.0,
            },
        })
        .collect();
    let sums = held_out(&lessons, 5);
    for (name, pick) in [("with vectors", 0), ("without vectors", 1)] {
        let sum = |number: usize| [sums[number].0, sums[number].1][pick];
        let of = |keep: &dyn Fn(&Line) -> bool| -> Vec<f32> {
            (0..judged).filter(|number| keep(&lines[*number])).map(sum).collect()
        };
        let attacks = of(&|line| line.label == 1);
        let mut customers = of(&|line| line.source.starts_with("customers"));
        let harmless = of(&|line| line.source == "notinject");
        customers.sort_by(|a, b| b.total_cmp(a));
        let bar = customers.get(customers.len() / 100).copied().unwrap_or(0.0);
        let share = |values: &[f32], bar: f32| {
            100.0 * values.iter().filter(|value| **value > bar).count() as f32 / values.len().max(1) as f32
        };
        writeln!(
            report,
            "{name}: at 1 % of customers (sum {bar:.2}) {:.1} % of attacks, {:.1} % of NotInject",
            share(&attacks, bar),
            share(&harmless, bar)
        )?;
        for bar in [-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0] {
            writeln!(
                report,
                "  above {bar:4.1}: attacks {:5.1} %, customers {:4.2} %, NotInject {:4.1} %",
                share(&attacks, bar),
                share(&customers, bar),
                share(&harmless, bar)
            )?;
        }
    }
    std::fs::write(weights, learn(&lessons))?;
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>, Error> {
    lines(std::io::BufReader::new(std::fs::File::open(path)?)).collect()
}
