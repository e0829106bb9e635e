//! Metadata values of a GGUF file, with typed access that names the key in every complaint.

use std::collections::BTreeMap;

use super::reader::Reader;
use crate::error::Result;
use crate::files::source::Source;
use crate::input;

/// Many strings as one blob: a vocabulary of 262,144 costs 3 MiB this way, and 20 as separate `String`s.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strings {
    text: String,
    /// End of each string within `text`.
    ends: Vec<u32>,
}

impl Strings {
    /// Returns the number of strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns true if there are no strings.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the string at `index`, or `None` past the end.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        Some(&self.text[start..end])
    }

    /// Iterates over the strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<S: AsRef<str>> FromIterator<S> for Strings {
    fn from_iter<T: IntoIterator<Item = S>>(strings: T) -> Self {
        let mut all = Self::default();
        for string in strings {
            all.text.push_str(string.as_ref());
            all.ends.push(all.text.len() as u32);
        }
        all
    }
}

/// A metadata value. Integers of all widths are one kind, and so are floats.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Integer: u8 to u64, i8 to i64.
    Int(i64),
    /// Float: f32, f64.
    Float(f64),
    /// Boolean.
    Bool(bool),
    /// A UTF-8 string.
    Text(String),
    /// An array of integers or booleans.
    Ints(Vec<i32>),
    /// An array of floats.
    Floats(Vec<f32>),
    /// An array of strings.
    Strings(Strings),
}

impl Value {
    /// Returns the name of its kind for messages.
    fn kind(&self) -> &'static str {
        match self {
            Value::Int(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Bool(_) => "a bool",
            Value::Text(_) => "a string",
            Value::Ints(_) => "an array of integers",
            Value::Floats(_) => "an array of floats",
            Value::Strings(_) => "an array of strings",
        }
    }
}

/// Key-value pairs of a GGUF file.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    values: BTreeMap<String, Value>,
}

/// Defines `fn name(&self, key) -> Result<Option<T>>`: `None` for an absent key, an error naming
/// the key for another type.
macro_rules! getter {
    ($(#[$doc:meta])* $name:ident -> $type:ty, $kind:literal, $pattern:pat => $result:expr) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// If the key holds another type of value.
        pub fn $name(&self, key: &str) -> Result<Option<$type>> {
            match self.values.get(key) {
                None => Ok(None),
                Some($pattern) => $result.map(Some).ok_or_else(|| input!("metadata key {key} is out of range")),
                Some(other) => Err(input!("metadata key {key} is {}, not {}", other.kind(), $kind)),
            }
        }
    };
}

impl Metadata {
    getter!(/// Returns a string.
        text -> &str, "a string", Value::Text(text) => Some(text.as_str()));
    getter!(/// Returns a bool.
        bool -> bool, "a bool", Value::Bool(value) => Some(*value));
    getter!(/// Returns an integer that fits u32.
        u32 -> u32, "an integer", Value::Int(value) => u32::try_from(*value).ok());
    getter!(/// Returns a float.
        f32 -> f32, "a float", Value::Float(value) => Some(*value as f32));
    getter!(/// Returns an array of strings.
        strings -> &Strings, "an array of strings", Value::Strings(strings) => Some(strings));
    getter!(/// Returns an array of floats.
        floats -> &[f32], "an array of floats", Value::Floats(floats) => Some(floats.as_slice()));
    getter!(/// Returns an array of integers.
        ints -> &[i32], "an array of integers", Value::Ints(ints) => Some(ints.as_slice()));

    /// Adds or replaces a value.
    pub fn insert(&mut self, key: &str, value: Value) {
        self.values.insert(key.to_owned(), value);
    }

    /// Removes and returns a value, so that a vocabulary need not be held once its tokenizer is built.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.values.remove(key)
    }

    /// Iterates over the pairs, ordered by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Reads `count` pairs.
    pub(super) async fn read<S: Source>(reader: &mut Reader<'_, S>, count: usize) -> Result<Self> {
        let mut metadata = Self::default();
        for _ in 0..count {
            let key = reader.string("a metadata key").await?;
            let kind = reader.u32().await?;
            let value =
                if kind == ARRAY { read_array(reader, &key).await? } else { read_scalar(reader, &key, kind).await? };
            if metadata.values.insert(key.clone(), value).is_some() {
                return Err(input!("metadata key {key} is listed twice; the file is broken"));
            }
        }
        Ok(metadata)
    }
}

/// GGUF value type of strings.
const STRING: u32 = 8;
/// GGUF value type of arrays.
const ARRAY: u32 = 9;

/// Returns the number of bytes of a scalar of GGUF value type `kind`, or `None` if it is no scalar.
fn scalar_bytes(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// Decodes a scalar of GGUF value type `kind` from its little-endian bytes.
fn scalar(kind: u32, bytes: &[u8]) -> Value {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    let bits = u64::from_le_bytes(wide);
    match kind {
        1 => Value::Int(i64::from(bits as i8)),
        3 => Value::Int(i64::from(bits as i16)),
        5 => Value::Int(i64::from(bits as i32)),
        6 => Value::Float(f64::from(f32::from_bits(bits as u32))),
        7 => Value::Bool(bits != 0),
        12 => Value::Float(f64::from_bits(bits)),
        _ => Value::Int(bits as i64), // u8, u16, u32, u64, i64
    }
}

/// Reads the value of `key`, a scalar or a string of GGUF value type `kind`.
async fn read_scalar<S: Source>(reader: &mut Reader<'_, S>, key: &str, kind: u32) -> Result<Value> {
    if kind == STRING {
        return Ok(Value::Text(reader.string(&format!("metadata key {key}")).await?));
    }
    let bytes = scalar_bytes(kind)
        .ok_or_else(|| input!("metadata key {key} has unknown value type {kind}; the file is broken"))?;
    Ok(scalar(kind, reader.take(bytes).await?))
}

/// Reads the value of `key`, an array.
async fn read_array<S: Source>(reader: &mut Reader<'_, S>, key: &str) -> Result<Value> {
    let kind = reader.u32().await?;
    let what = format!("the length of metadata key {key}");
    if kind == STRING {
        let count = reader.count(&what, 8).await?;
        let mut strings = Strings { text: String::new(), ends: Vec::with_capacity(count) };
        for _ in 0..count {
            let length = reader.u64().await?;
            let bytes = reader.take(length).await?;
            let text = std::str::from_utf8(bytes)
                .map_err(|_| input!("metadata key {key} has text that is not UTF-8; the file is broken"))?;
            strings.text.push_str(text);
            let end = u32::try_from(strings.text.len())
                .map_err(|_| input!("metadata key {key} holds more than 4 GiB of text"))?;
            strings.ends.push(end);
        }
        strings.text.shrink_to_fit(); // a vocabulary is held for long, and growing leaves up to half of it unused
        return Ok(Value::Strings(strings));
    }
    let bytes =
        scalar_bytes(kind).ok_or_else(|| input!("metadata key {key} is an array of unsupported type {kind}"))?;
    let count = reader.count(&what, bytes).await?;
    let data = reader.take(count as u64 * bytes).await?;
    let scalars = data.chunks_exact(bytes as usize).map(|bytes| scalar(kind, bytes));
    if matches!(kind, 6 | 12) {
        let floats = scalars.map(|value| if let Value::Float(x) = value { x as f32 } else { 0.0 });
        return Ok(Value::Floats(floats.collect()));
    }
    scalars
        .map(|value| match value {
            Value::Bool(flag) => Some(i32::from(flag)),
            Value::Int(int) => i32::try_from(int).ok(),
            _ => None,
        })
        .collect::<Option<Vec<i32>>>()
        .map(Value::Ints)
        .ok_or_else(|| input!("metadata key {key} holds integers beyond 32 bits"))
}
