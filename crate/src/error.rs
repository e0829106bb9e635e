//! The one error type: what happened, where, and what to do, in one line a user can read.

use std::fmt;

/// An error with the line that the user sees, on the command line and on the page alike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What was given cannot be used: a broken file, an unknown name, an empty chat. Exit code 2.
    #[error("{}", one_line(.0))]
    Input(String),
    /// The input may be fine but the work failed: a disk, the network, the device. Exit code 1.
    #[error("{}", one_line(.0))]
    Failure(String),
    /// The GPU failed. Exit code 1; a lost device can be opened again.
    #[error("{1}")]
    Device(DeviceFault, String),
}

/// How a GPU can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceFault {
    /// The device is gone: a driver that crashed or was updated, a machine that slept.
    Lost,
    /// Its memory is full.
    OutOfMemory,
    /// It refused what it was asked: a defect of this program or of its driver.
    Validation,
    /// It did not finish in time.
    Hang,
}

/// Longer messages are cut: names in hostile files can be megabytes.
const MAX_CHARS: usize = 600;

/// `text` without line breaks and other control characters, which names in hostile files can hold.
fn one_line(text: &str) -> String {
    let mut line: String = text.chars().take(MAX_CHARS).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        line.push('…');
    }
    line
}

/// The result type of the whole engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The exit code of `gist` for this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Input(_) => 2,
            Error::Failure(_) | Error::Device(..) => 1,
        }
    }

    /// Puts `context` (a file, a tensor, a step) before the message.
    pub fn at(self, context: impl fmt::Display) -> Self {
        match self {
            Error::Input(text) => Error::Input(format!("{context}: {text}")),
            Error::Failure(text) => Error::Failure(format!("{context}: {text}")),
            Error::Device(fault, text) => Error::Device(fault, format!("{context}: {text}")),
        }
    }
}

/// `input!("…", …)` makes an [`Error::Input`].
#[macro_export]
macro_rules! input {
    ($($arg:tt)*) => { $crate::error::Error::Input(format!($($arg)*)) };
}

/// `failure!("…", …)` makes an [`Error::Failure`].
#[macro_export]
macro_rules! failure {
    ($($arg:tt)*) => { $crate::error::Error::Failure(format!($($arg)*)) };
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Error::Failure(format!("tensor arithmetic failed: {error}"))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Failure(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_of_readable_length_whatever_a_file_calls_its_parts() {
        assert_eq!(input!("tensor {} is missing", "a\nb\u{1b}").to_string(), "tensor a\u{fffd}b\u{fffd} is missing");
        let long = input!("{}", "ä".repeat(1_000_000)).at("file").to_string();
        assert_eq!((long.chars().count(), long.chars().last()), (MAX_CHARS + 1, Some('…')));
    }
}
