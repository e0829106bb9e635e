//! The one error type: what happened, where, and what to do, in one line a user can read.

use std::fmt;

/// An error of the engine: its kind, and the line that the user sees, on the command line and on the page alike.
///
/// There is no chain of sources: a person reads one line, so the cause is already part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", one_line(.text))]
pub struct Error {
    kind: ErrorKind,
    text: String,
}

/// The kinds of errors: they decide the exit code, and what the page offers to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Input that cannot be used: a broken file, an unknown name, an empty chat. Exit code 2.
    Input,
    /// Work that failed although the input may be fine: a disk, the browser, arithmetic.
    Failure,
    /// A connection that failed; trying again may help.
    Network,
    /// Storage that is full.
    Quota,
    /// Bytes that are not those that were published.
    Corrupt,
    /// An engine that works for another request.
    Busy,
    /// Work that the user stopped.
    Stopped,
    /// A GPU that failed.
    Device(DeviceFault),
}

/// The ways in which a GPU fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceFault {
    /// The device is gone: a driver that crashed or was updated, a machine that slept. It can be opened again.
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

/// Replaces line breaks and other control characters, which names in hostile files can hold, and cuts what is too long.
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
    /// Makes an error of `kind`. Its text says what happened, where, and what to do.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// Makes an error of the GPU. The lines of `text`, which drivers and shader compilers write, become one.
    pub fn device(fault: DeviceFault, text: impl AsRef<str>) -> Self {
        let lines = text.as_ref().lines().map(str::trim).filter(|line| !line.is_empty());
        Self::new(ErrorKind::Device(fault), lines.collect::<Vec<_>>().join(" "))
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns whether the GPU failed, and with it the model that was loaded.
    pub fn is_device(&self) -> bool {
        matches!(self.kind, ErrorKind::Device(_))
    }

    /// Returns the exit code of `gist` for this error.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Input => 2,
            _ => 1,
        }
    }

    /// Puts `context` (a file, a tensor, a step) before the message. The kind stays.
    pub fn at(self, context: impl fmt::Display) -> Self {
        Self { kind: self.kind, text: format!("{context}: {}", self.text) }
    }
}

/// `input!("…", …)` makes an error of [`ErrorKind::Input`].
#[macro_export]
macro_rules! input {
    ($($arg:tt)*) => { $crate::error::Error::new($crate::error::ErrorKind::Input, format!($($arg)*)) };
}

/// `failure!("…", …)` makes an error of [`ErrorKind::Failure`].
#[macro_export]
macro_rules! failure {
    ($($arg:tt)*) => { $crate::error::Error::new($crate::error::ErrorKind::Failure, format!($($arg)*)) };
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        crate::failure!("tensor arithmetic failed: {error}")
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::new(ErrorKind::Failure, error.to_string())
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

    #[test]
    fn what_a_shader_compiler_writes_becomes_one_line() {
        let text = "Shader 'matmul' parsing error: unknown type\n  ┌─ wgsl:1:9\r\n  │\n1 │ var x: q;\n\n";
        let error = Error::device(DeviceFault::Validation, text).at("self-test");
        assert_eq!(error.kind(), ErrorKind::Device(DeviceFault::Validation));
        let expected = "self-test: Shader 'matmul' parsing error: unknown type ┌─ wgsl:1:9 │ 1 │ var x: q;";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn context_keeps_the_kind_and_only_bad_input_exits_with_two() {
        for (kind, code) in [
            (ErrorKind::Input, 2),
            (ErrorKind::Failure, 1),
            (ErrorKind::Network, 1),
            (ErrorKind::Quota, 1),
            (ErrorKind::Corrupt, 1),
            (ErrorKind::Busy, 1),
            (ErrorKind::Stopped, 1),
            (ErrorKind::Device(DeviceFault::Lost), 1),
        ] {
            let error = Error::new(kind, "it failed").at("step 2").at("model.gguf");
            assert_eq!((error.kind(), error.exit_code()), (kind, code));
            assert_eq!(error.to_string(), "model.gguf: step 2: it failed");
        }
    }
}
