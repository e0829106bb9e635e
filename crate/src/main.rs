//! `gist`: summarises chats in another language, and inspects, measures and converts models and adapters.

mod cli;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Summarise a chat in another language, on this machine.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:\n  \
        gist summarize chat.txt --to es\n  \
        gist summarize chat.txt --to es --method two-step --json\n  \
        gist bake --to es --out baked.safetensors\n  \
        gist logits gemma-3-270m --prompt 'The capital of France is' --json\n  \
        gist bench smollm2-135m\n\n\
        Exit codes: 0 done, 1 failure, 2 bad input."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the summary of a chat
    #[command(after_help = "Examples:\n  gist summarize chat.txt --to es\n  \
        gist summarize \"WhatsApp Chat with Ana.zip\" --to es --since yesterday")]
    Summarize(cli::summarize::Summarize),
    /// Print a chat exported by another program, as `Name: text` lines
    #[command(after_help = "Examples:\n  gist import \"WhatsApp Chat with Ana.txt\" --last 50\n  \
        gist import result.json --chat 2 --json")]
    Import(cli::import::Import),
    /// Print what a chat holds for certain, without a model: appointments, amounts, links, phone numbers, questions
    #[command(after_help = "Examples:\n  gist facts chat.txt --reader Ana\n  \
        gist facts \"WhatsApp Chat with Ana.zip\" --since yesterday --ics appointments.ics")]
    Facts(cli::facts::Facts),
    /// Print the logits after a prompt as JSON
    #[command(after_help = "Example:\n  gist logits smollm2-135m --prompt 'Once upon a' --exact --json")]
    Logits(cli::logits::Logits),
    /// Measure speed
    #[command(after_help = "Example:\n  gist bench gemma-3-270m-64k --method projection --json")]
    Bench(cli::bench::Bench),
    /// Measure quality and cost of methods on dialogues with reference summaries
    #[command(after_help = "Examples:\n  gist eval --data models/dialogues/test.jsonl --to es --charts charts\n  \
        gist eval --data val.jsonl --to es --methods two-step,projection --limit 20 --json")]
    Eval(cli::eval::Eval),
    /// Write the merge of a method as one adapter
    #[command(after_help = "Examples:\n  gist merge --method ties --to es --out merged\n  \
        gist merge --method projection --to es --out merged.gguf")]
    Merge(cli::merge::Merge),
    /// Write a projection and its two adapters as one small file
    #[command(after_help = "Example:\n  gist bake --to es --out baked.safetensors")]
    Bake(cli::merge::Bake),
    /// Search for the weights of two adapters on a few examples, without gradients
    #[command(after_help = "Example:\n  gist lorahub --data train.jsonl --to es --limit 5 --out lorahub.json")]
    Lorahub(cli::lorahub::Search),
    /// Print the contents of a model, an adapter or a correction file
    #[command(after_help = "Examples:\n  gist inspect gemma-3-270m\n  gist inspect projection.safetensors")]
    Inspect(cli::inspect::Inspect),
    /// Convert an adapter to a GGUF LoRA in Q8_0
    #[command(after_help = "Example:\n  gist export peft-folder --base model.gguf --out adapter.gguf")]
    Export(cli::export::Export),
    /// Write a random model: a small one for tests, or one of a published size for measurements
    #[command(after_help = "Examples:\n  gist synth tiny-gemma3-q4_k --out tiny.gguf\n  \
                            gist synth llama-3.2-1b --out llama.gguf")]
    Synth(cli::synth::Synth),
    /// Write a model without the tokens that its texts do not need
    #[command(after_help = "Example:\n  gist trim gemma-3-270m --corpus chats.jsonl --tokens 65536 --out trimmed.gguf")]
    Trim(cli::trim::Trim),
    /// Score candidates against references, both as JSON lines on standard input
    #[command(after_help = "Example:\n  echo '{\"reference\":\"a b\",\"candidate\":\"a c\"}' | gist rouge --json")]
    Rouge(cli::rouge::Rouge),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // The first paragraph of clap's message names the mistake; what is missing stands on lines of its own.
            let text = error.to_string();
            let mistake: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            eprintln!("gist: {}; see gist --help", mistake.join(" ").trim_start_matches("error: "));
            return ExitCode::from(2);
        }
        Err(help) => help.exit(),
    };
    let result = match cli.command {
        Command::Summarize(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Facts(command) => command.run(),
        Command::Logits(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Eval(command) => command.run(),
        Command::Merge(command) => command.run(),
        Command::Bake(command) => command.run(),
        Command::Lorahub(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Synth(command) => command.run(),
        Command::Trim(command) => command.run(),
        Command::Rouge(command) => command.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gist: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
