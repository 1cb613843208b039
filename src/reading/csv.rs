//! Tables of questions and answers.

use crate::reading::{MAX_TEXT, Refusal};

/// What people call the two columns.
const QUESTION: &[&str] =
    &["question", "questions", "q", "frage", "pregunta", "pergunta", "domanda", "vraag"];
const ANSWER: &[&str] = &[
    "answer",
    "answers",
    "a",
    "reply",
    "antwort",
    "respuesta",
    "resposta",
    "réponse",
    "risposta",
    "antwoord",
];

/// Rows after which a table is no list of questions any more.
const MAX_ROWS: usize = 20_000;

/// Makes a section of each row: the question is its heading.
pub(super) fn read(text: &str) -> Result<String, Refusal> {
    if text.len() > 4 * MAX_TEXT {
        return Err(Refusal::TooLong);
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut rows = ::csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut columns = None;
    let mut sections = String::new();
    for (number, row) in rows.records().enumerate() {
        let row = row.map_err(|_| Refusal::Broken)?;
        if number > MAX_ROWS {
            return Err(Refusal::TooLong);
        }
        let Some((question, answer)) = columns else {
            columns = Some(find_columns(&row)?);
            continue;
        };
        let cell = |at: usize| row.get(at).map(str::trim).filter(|cell| !cell.is_empty());
        if let (Some(question), Some(answer)) = (cell(question), cell(answer)) {
            let heading = question.split_whitespace().collect::<Vec<_>>().join(" ");
            sections.push_str(&format!("## {heading}\n\n{answer}\n\n"));
        }
    }
    if sections.is_empty() { Err(Refusal::Empty) } else { Ok(sections) }
}

fn find_columns(header: &::csv::StringRecord) -> Result<(usize, usize), Refusal> {
    let find =
        |names: &[&str]| header.iter().position(|cell| names.contains(&cell.trim().to_lowercase().as_str()));
    find(QUESTION).zip(find(ANSWER)).ok_or(Refusal::NoColumns)
}

/// What stands most often between the cells of the first line.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: &u8| first.bytes().filter(|byte| byte == mark).count();
    [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(count).unwrap_or(b',')
}
