//! GGUF files written in one pass: a header, then one tensor after the other, none of which is kept.

use std::io::{self, Write};

use candle_core::quantized::GgmlDType;

use super::metadata::Value;
use super::types::id_of;
use super::{DEFAULT_ALIGNMENT, MAGIC};
use crate::error::Result;
use crate::failure;

/// Version of the format. Both lie the same: version 3 only adds that a file may be big-endian, which none here is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Version {
    /// Version that adapters are written in, so that the same adapter always gives the same bytes.
    V2 = 2,
    /// Version that current tools write models in.
    #[cfg(any(feature = "synth", not(target_arch = "wasm32")))]
    V3 = 3,
}

/// A tensor to be written.
pub(crate) struct Entry<'a> {
    /// Name in the directory.
    pub name: &'a str,
    /// Dimensions, slowest first.
    pub shape: &'a [usize],
    /// Type of the elements.
    pub dtype: GgmlDType,
}

/// Writes a file. `data(i, out)` has to write the bytes of `tensors[i]`; it is called once for each, in order.
///
/// Integers are written as u32 (arrays of them as i32) and floats as f32, which is what all keys of a model have.
///
/// # Errors
/// If a value does not fit its type, if `data` writes fewer or more bytes than a tensor has, or if `out` cannot be
/// written to.
pub(crate) fn write<W: Write>(
    out: &mut W,
    version: Version,
    metadata: &[(String, Value)],
    tensors: &[Entry<'_>],
    mut data: impl FnMut(usize, &mut dyn Write) -> Result<()>,
) -> Result<()> {
    let mut out = Counted { out, written: 0 };
    out.write_all(&MAGIC.to_le_bytes())?;
    out.write_all(&(version as u32).to_le_bytes())?;
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
        let id = id_of(entry.dtype)
            .ok_or_else(|| failure!("tensor {} cannot be written as {:?}", entry.name, entry.dtype))?;
        out.write_all(&id.to_le_bytes())?;
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

/// Returns the number of bytes of a tensor.
fn bytes_of(entry: &Entry<'_>) -> u64 {
    let elements: usize = entry.shape.iter().product();
    (elements / entry.dtype.block_size() * entry.dtype.type_size()) as u64
}

/// Writes the type of `value`, then `value`.
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

/// A writer that counts the bytes written, which alignment depends on.
struct Counted<'a, W> {
    out: &'a mut W,
    written: u64,
}

impl<W: Write> Counted<'_, W> {
    /// Writes a length or a count.
    fn size(&mut self, size: usize) -> io::Result<()> {
        self.write_all(&(size as u64).to_le_bytes())
    }

    /// Writes a string after its length.
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.size(text.len())?;
        self.write_all(text.as_bytes())
    }

    /// Writes zeros up to the next multiple of the alignment.
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
    use candle_core::quantized::QTensor;
    use candle_core::quantized::gguf_file;
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::files::gguf::{Header, Strings, TYPES};
    use crate::random::random;

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
        write(&mut file, Version::V3, &values, &[VECTOR, MATRIX], |i, out| Ok(out.write_all(&bytes[i])?)).unwrap();

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
        let short = write(&mut Vec::new(), Version::V3, &[], &[VECTOR], |_, out| Ok(out.write_all(&[0; 8])?));
        assert_eq!(short.unwrap_err().to_string(), "tensor v has 12 bytes, and 8 were written");
        let negative = [("n".to_owned(), Value::Int(-1))];
        let error = write(&mut Vec::new(), Version::V3, &negative, &[], |_, _| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "n: -1 does not fit u32");
    }

    /// Shipped adapters were written by candle; exporting one again must not change its hash.
    #[test]
    fn files_are_byte_for_byte_those_of_candle() {
        use gguf_file::Value as Theirs;
        let ours = [
            ("general.name", Value::Text("añb".to_owned()), Theirs::String("añb".to_owned())),
            ("count", Value::Int(7), Theirs::U32(7)),
            ("alpha", Value::Float(0.25), Theirs::F32(0.25)),
            ("flag", Value::Bool(true), Theirs::Bool(true)),
            ("kinds", Value::Ints(vec![1, -3]), Theirs::Array(vec![Theirs::I32(1), Theirs::I32(-3)])),
            ("scores", Value::Floats(vec![-1.5]), Theirs::Array(vec![Theirs::F32(-1.5)])),
            (
                "tokens",
                Value::Strings(["a", ""].into_iter().collect()),
                Theirs::Array(["a", ""].map(|text| Theirs::String(text.to_owned())).into()),
            ),
        ];
        let tensors = TYPES.map(|(_, dtype, name)| {
            let values = Tensor::from_vec(random(name, 3 * 256, 0.0, 1.0), (3, 256), &Device::Cpu).unwrap();
            (name, QTensor::quantize(&values, dtype).unwrap())
        });
        let mut expected = io::Cursor::new(Vec::new());
        let metadata: Vec<(&str, &Theirs)> = ours.iter().map(|(key, _, value)| (*key, value)).collect();
        let borrowed: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
        gguf_file::write(&mut expected, &metadata, &borrowed).unwrap();

        let metadata = ours.map(|(key, value, _)| (key.to_owned(), value));
        let entries = tensors.each_ref().map(|(name, tensor)| Entry { name, shape: &[3, 256], dtype: tensor.dtype() });
        let mut file = Vec::new();
        let data = |i: usize, out: &mut dyn Write| Ok(out.write_all(&tensors[i].1.data()?)?);
        write(&mut file, Version::V2, &metadata, &entries, data).unwrap();
        assert!(file == expected.into_inner(), "the files differ");
    }
}
