//! The command line.

use std::io::{BufReader, BufWriter, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [_, flag, kit, weights] = arguments.as_slice()
        && flag == "--train-steering"
    {
        concierge::evals::train_steering(kit.as_ref(), weights.as_ref(), std::io::stderr().lock())?;
        return Ok(());
    }
    let [command, flag, task] = arguments.as_slice() else {
        return Err("usage: concierge eval --jsonl TASK".into());
    };
    if command != "eval" || flag != "--jsonl" {
        return Err("usage: concierge eval --jsonl TASK".into());
    }
    let mut output = BufWriter::new(std::io::stdout().lock());
    concierge::evals::jsonl(task, BufReader::new(std::io::stdin().lock()), &mut output)?;
    output.flush()?;
    Ok(())
}
