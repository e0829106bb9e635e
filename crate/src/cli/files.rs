//! Files that commands read and write, with their names in errors.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use gist::chat::dialogue::Dialogue;
use gist::error::Result;
use gist::input;

/// Reads a whole file.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| input!("{}: {error}", path.display()))
}

/// Writes a file through a buffer. Removes it after an error.
pub fn write_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    let file = File::create(path).map_err(|error| input!("{}: {error}", path.display()))?;
    let mut out = BufWriter::new(file);
    let result = write(&mut out).and_then(|()| Ok(out.flush()?));
    if result.is_err() {
        let _ = std::fs::remove_file(path); // the first error is the one to report
    }
    result.map_err(|error| error.at(path.display()))
}

/// Reads the first `limit` dialogues of a file of JSON lines, only those in the language `lang` where one is given.
///
/// # Errors
/// If a line is not a dialogue, or there are none to use.
pub fn read_dialogues(path: &Path, lang: Option<&str>, limit: usize) -> Result<Vec<Dialogue>> {
    let of_language = |dialogue: &Dialogue| lang.is_none_or(|lang| lang == dialogue.lang);
    let dialogues: Vec<Dialogue> =
        read_lines(path, Dialogue::parse)?.into_iter().filter(of_language).take(limit).collect();
    match (dialogues.is_empty(), lang) {
        (false, _) => Ok(dialogues),
        (true, Some(lang)) => Err(input!("{}: there are no dialogues in {lang} to use", path.display())),
        (true, None) => Err(input!("{}: there are no dialogues to use", path.display())),
    }
}

/// Reads each line of a file by `parse`. An error names the line.
pub fn read_lines<T>(path: &Path, parse: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    let file = File::open(path).map_err(|error| input!("{}: {error}", path.display()))?;
    let read = |(number, line): (usize, std::io::Result<String>)| {
        let line = line.map_err(|error| input!("{}: {error}", path.display()))?;
        parse(&line).map_err(|error| error.at(format!("{} line {}", path.display(), number + 1)))
    };
    BufReader::new(file).lines().enumerate().map(read).collect()
}
