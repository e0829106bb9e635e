//! GGUF files written in one pass: a header, then one tensor after the other, none of which is kept.

use std::io::{self, Write};

use candle_core::quantized::GgmlDType;

use super::metadata::Value;
use super::{DEFAULT_ALIGNMENT, MAGIC, dtype_from_id};
use crate::error::Result;
use crate::failure;

const VERSION: u32 = 3;

/// Name, dimensions (slowest first) and type of a tensor to be written.
pub(crate) struct Entry<'a> {
    pub name: &'a str,
    pub shape: &'a [usize],
    pub dtype: GgmlDType,
}

/// Writes a file. `data(i, out)` writes the bytes of `tensors[i]`; it is called once for each, in order.
///
/// Integers are written as u32 (arrays of them as i32) and floats as f32, which is what all keys of a model have.
///
/// # Errors
/// If a value or a tensor is not what it was said to be, or `out` cannot be written to.
pub(crate) fn write<W: Write>(
    out: &mut W,
    metadata: &[(String, Value)],
    tensors: &[Entry<'_>],
    mut data: impl FnMut(usize, &mut dyn Write) -> Result<()>,
) -> Result<()> {
    let mut out = Counted { out, written: 0 };
    out.write_all(&MAGIC.to_le_bytes())?;
    out.write_all(&VERSION.to_le_bytes())?;
    out.size(tensors.len())?;
    out.size(metadata.len())?;
    for (key, value) in metadata {
        out.text(key)?;
        write_value(&mut out, value).map_err(|error| error.at(key))?;
    }
    let mut offset = 0;
    for entry in tensors {
        out.text(entry.name)?;
        out.write_all(&(entry.shape.len() as u32).to_le_bytes())?;
        entry.shape.iter().rev().try_for_each(|dimension| out.size(*dimension))?;
        out.write_all(&id_of(entry)?.to_le_bytes())?;
        out.write_all(&u64::to_le_bytes(offset))?;
        offset = (offset + bytes_of(entry)).next_multiple_of(DEFAULT_ALIGNMENT);
    }
    out.align()?;
    for (i, entry) in tensors.iter().enumerate() {
        let start = out.written;
        data(i, &mut out)?;
        let (bytes, written) = (bytes_of(entry), out.written - start);
        if written != bytes {
            return Err(failure!("tensor {} has {bytes} bytes, and {written} were written", entry.name));
        }
        out.align()?;
    }
    Ok(())
}

fn bytes_of(entry: &Entry<'_>) -> u64 {
    let elements: usize = entry.shape.iter().product();
    (elements / entry.dtype.block_size() * entry.dtype.type_size()) as u64
}

fn id_of(entry: &Entry<'_>) -> Result<u32> {
    (0..=u32::from(u8::MAX))
        .find(|id| dtype_from_id(*id) == Some(entry.dtype))
        .ok_or_else(|| failure!("tensor {} cannot be written as {:?}", entry.name, entry.dtype))
}

/// The value's type and the value.
fn write_value<W: Write>(out: &mut Counted<'_, W>, value: &Value) -> Result<()> {
    const ARRAY: u32 = 9;
    let mut tag = |ids: &[u32]| ids.iter().try_for_each(|id| out.write_all(&id.to_le_bytes()));
    match value {
        Value::Int(int) => {
            let int = u32::try_from(*int).map_err(|_| failure!("{int} does not fit u32"))?;
            tag(&[4, int])?;
        }
        Value::Float(float) => tag(&[6, (*float as f32).to_bits()])?,
        Value::Bool(flag) => {
            tag(&[7])?;
            out.write_all(&[u8::from(*flag)])?;
        }
        Value::Text(text) => {
            tag(&[8])?;
            out.text(text)?;
        }
        Value::Ints(ints) => {
            tag(&[ARRAY, 5])?;
            out.size(ints.len())?;
            ints.iter().try_for_each(|int| out.write_all(&int.to_le_bytes()))?;
        }
        Value::Floats(floats) => {
            tag(&[ARRAY, 6])?;
            out.size(floats.len())?;
            floats.iter().try_for_each(|float| out.write_all(&float.to_le_bytes()))?;
        }
        Value::Strings(strings) => {
            tag(&[ARRAY, 8])?;
            out.size(strings.len())?;
            strings.iter().try_for_each(|text| out.text(text))?;
        }
    }
    Ok(())
}

/// Knows how much was written, which alignment depends on.
struct Counted<'a, W> {
    out: &'a mut W,
    written: u64,
}

impl<W: Write> Counted<'_, W> {
    fn size(&mut self, size: usize) -> io::Result<()> {
        self.write_all(&(size as u64).to_le_bytes())
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.size(text.len())?;
        self.write_all(text.as_bytes())
    }

    fn align(&mut self) -> io::Result<()> {
        let padding = self.written.next_multiple_of(DEFAULT_ALIGNMENT) - self.written;
        self.write_all(&[0; DEFAULT_ALIGNMENT as usize][..padding as usize])
    }
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::gguf::{Header, Strings};

    const VECTOR: Entry<'_> = Entry { name: "v", shape: &[3], dtype: GgmlDType::F32 };
    const MATRIX: Entry<'_> = Entry { name: "m", shape: &[3, 256], dtype: GgmlDType::Q6K };

    #[test]
    fn what_is_written_is_read() {
        let strings: Strings = ["", "a", "Ġb"].into_iter().collect();
        let values = [
            ("int", Value::Int(4_000_000_000)),
            ("float", Value::Float(0.5)),
            ("bool", Value::Bool(true)),
            ("text", Value::Text("ñ".to_owned())),
            ("ints", Value::Ints(vec![-1, 7])),
            ("floats", Value::Floats(vec![0.25])),
            ("strings", Value::Strings(strings)),
        ];
        let values = values.map(|(key, value)| (key.to_owned(), value));
        let mut file = Vec::new();
        let bytes = [vec![1; 12], vec![2; 630]];
        write(&mut file, &values, &[VECTOR, MATRIX], |i, out| Ok(out.write_all(&bytes[i])?)).unwrap();

        let header = pollster::block_on(Header::read(&&file[..])).unwrap();
        assert_eq!(header.metadata.iter().count(), values.len());
        for (key, value) in &values {
            assert_eq!(header.metadata.iter().find(|(other, _)| other == key).map(|(_, value)| value), Some(value));
        }
        for (entry, bytes) in [VECTOR, MATRIX].iter().zip(&bytes) {
            let info = header.tensor(entry.name).unwrap();
            assert_eq!((&info.shape[..], info.dtype, info.bytes), (entry.shape, entry.dtype, bytes.len() as u64));
            assert!(info.offset.is_multiple_of(DEFAULT_ALIGNMENT));
            assert_eq!(file[info.offset as usize..][..bytes.len()], bytes[..]);
        }
    }

    #[test]
    fn values_and_tensors_of_another_size_are_refused() {
        let short = write(&mut Vec::new(), &[], &[VECTOR], |_, out| Ok(out.write_all(&[0; 8])?));
        assert_eq!(short.unwrap_err().to_string(), "tensor v has 12 bytes, and 8 were written");
        let negative = [("n".to_owned(), Value::Int(-1))];
        let error = write(&mut Vec::new(), &negative, &[], |_, _| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "n: -1 does not fit u32");
    }
}
