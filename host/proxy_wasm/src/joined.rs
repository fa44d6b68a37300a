//! Functions that are put into the image of a VM, each of which calls several callbacks in a row: those that begin an exchange, and
//! those that end it. A VM that is there for one exchange looks for each function that it calls, which costs more than the call.
//!
//! They are appended, so that nothing of the module has another number than before.

use std::ops::Range;

use wasmparser::{BinaryReaderError, ExternalKind, FuncType, Parser, Payload, TypeRef, ValType};

use super::abi::ROOT;

/// `proxy_on_context_create` and `proxy_on_request_headers`.
pub(super) const BEGIN: &str = "sandgate:begin";
/// `proxy_on_done`, `proxy_on_log` and `proxy_on_delete`.
pub(super) const END: &str = "sandgate:end";
/// Says that the context of the exchange was made already.
pub(super) const CREATED: &str = "sandgate:created";

/// Whether an image has the context of its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It has.
    Yes,
    /// It has not.
    No,
}

/// The same module with those functions. One that is not as modules are, or has no callbacks that could be joined, has none.
pub fn joined(module: Vec<u8>, created: Created) -> Vec<u8> {
    match Anatomy::of(&module) {
        Ok(Some(anatomy)) => anatomy.with(&added(&anatomy, created), &module).unwrap_or(module),
        Ok(None) | Err(_) => module,
    }
}

/// A function to be put in: its type, its names, its code.
struct Added {
    ty: &'static [u8],
    name: &'static str,
    code: Vec<u8>,
}

const FUNC: u8 = 0x60;
const I32: u8 = 0x7f;
/// Three numbers to one.
const TO_NUMBER: &[u8] = &[FUNC, 3, I32, I32, I32, 1, I32];
/// One number to nothing.
const TO_NOTHING: &[u8] = &[FUNC, 1, I32, 0];
/// Nothing to nothing.
const NOTHING: &[u8] = &[FUNC, 0, 0];

fn added(anatomy: &Anatomy, created: Created) -> Vec<Added> {
    let mut added = Vec::new();
    let create = anatomy.callback("proxy_on_context_create", 2, 0).filter(|_| created == Created::No);
    if let Some((create, head)) = create.zip(anatomy.callback("proxy_on_request_headers", 3, 1)) {
        let code = Code::new().local(0).number(ROOT).call(create).local(0).local(1).local(2).call(head);
        added.push(Added { ty: TO_NUMBER, name: BEGIN, code: code.end() });
    }
    let ends = [("proxy_on_done", 1), ("proxy_on_log", 0), ("proxy_on_delete", 0)];
    let ends: Vec<_> = ends
        .iter()
        .filter_map(|(name, results)| Some((anatomy.callback(name, 1, *results)?, *results)))
        .collect();
    if ends.len() > 1 {
        let code = ends.iter().fold(Code::new(), |code, (callback, results)| {
            let code = code.local(0).call(*callback);
            if *results > 0 { code.drop() } else { code }
        });
        added.push(Added { ty: TO_NOTHING, name: END, code: code.end() });
    }
    if created == Created::Yes {
        added.push(Added { ty: NOTHING, name: CREATED, code: Code::new().end() });
    }
    added
}

/// The body of a function.
struct Code(Vec<u8>);

impl Code {
    fn new() -> Self {
        // No locals of its own.
        Code(vec![0])
    }

    fn local(mut self, number: u32) -> Self {
        self.0.push(0x20);
        write(&mut self.0, number);
        self
    }

    /// A small one: its encoding is signed.
    fn number(mut self, number: u32) -> Self {
        self.0.push(0x41);
        write(&mut self.0, number);
        self
    }

    fn call(mut self, function: u32) -> Self {
        self.0.push(0x10);
        write(&mut self.0, function);
        self
    }

    fn drop(mut self) -> Self {
        self.0.push(0x1a);
        self
    }

    fn end(mut self) -> Vec<u8> {
        self.0.push(0x0b);
        self.0
    }
}

/// What of a module is looked at.
#[derive(Default)]
struct Anatomy {
    types: Vec<FuncType>,
    /// The type of each function.
    functions: Vec<u32>,
    /// The functions that are exported.
    exports: Vec<(String, u32)>,
    /// Where sections begin and end behind their heads, by their numbers.
    sections: Vec<(u8, Range<usize>)>,
}

const TYPES: u8 = 1;
const FUNCTIONS: u8 = 3;
const EXPORTS: u8 = 7;
const CODE: u8 = 10;

impl Anatomy {
    /// That of a module; none, if it has types that are no functions, or misses a section.
    fn of(module: &[u8]) -> Result<Option<Self>, BinaryReaderError> {
        let mut anatomy = Anatomy::default();
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            if let Some(section) = payload.as_section() {
                anatomy.sections.push(section);
            }
            match payload {
                Payload::TypeSection(types) => {
                    anatomy.types = types.into_iter_err_on_gc_types().collect::<Result<_, _>>()?;
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        if let TypeRef::Func(ty) = import?.ty {
                            anatomy.functions.push(ty);
                        }
                    }
                }
                Payload::FunctionSection(functions) => {
                    anatomy.functions.extend(functions.into_iter().collect::<Result<Vec<_>, _>>()?);
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            anatomy.exports.push((export.name.to_owned(), export.index));
                        }
                    }
                }
                _ => {}
            }
        }
        let has = |number| anatomy.sections.iter().any(|(section, _)| *section == number);
        Ok([TYPES, FUNCTIONS, EXPORTS, CODE].into_iter().all(has).then_some(anatomy))
    }

    /// The callback of that name, if it takes and gives so many numbers.
    fn callback(&self, name: &str, parameters: usize, results: usize) -> Option<u32> {
        let (_, function) = self.exports.iter().find(|(other, _)| other == name)?;
        let ty =
            self.types.get(usize::try_from(*self.functions.get(usize::try_from(*function).ok()?)?).ok()?)?;
        let is_of = |types: &[ValType], count: usize| {
            types.len() == count && types.iter().all(|ty| *ty == ValType::I32)
        };
        (is_of(ty.params(), parameters) && is_of(ty.results(), results)).then_some(*function)
    }

    /// The module with more functions.
    fn with(&self, added: &[Added], module: &[u8]) -> Option<Vec<u8>> {
        const HEAD: usize = 8;
        let mut bytes = module.get(..HEAD)?.to_vec();
        for (number, range) in &self.sections {
            let content = module.get(range.clone())?;
            let (first_type, first_function) = (self.types.len(), self.functions.len());
            let more: Vec<Vec<u8>> = match *number {
                TYPES => added.iter().map(|added| added.ty.to_vec()).collect(),
                FUNCTIONS => numbers(first_type).zip(added).map(|(ty, _)| encoded(ty)).collect(),
                EXPORTS => {
                    numbers(first_function).zip(added).map(|(at, added)| export(added.name, at)).collect()
                }
                CODE => added.iter().map(|added| sized(&added.code)).collect(),
                _ => Vec::new(),
            };
            bytes.push(*number);
            bytes.extend(sized(&grown(content, &more)?));
        }
        Some(bytes)
    }
}

fn numbers(first: usize) -> impl Iterator<Item = u32> {
    u32::try_from(first).unwrap_or(u32::MAX)..
}

/// A list, which says first how long it is, with more at its end.
fn grown(list: &[u8], more: &[Vec<u8>]) -> Option<Vec<u8>> {
    if more.is_empty() {
        return Some(list.to_vec());
    }
    let length_of_count = list.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let (count, items) = list.split_at_checked(length_of_count)?;
    let count = count.iter().rev().fold(0, |count: u32, byte| count << 7 | u32::from(byte & 0x7f));
    let mut grown = encoded(count.checked_add(u32::try_from(more.len()).ok()?)?);
    grown.extend_from_slice(items);
    more.iter().for_each(|item| grown.extend_from_slice(item));
    Some(grown)
}

fn export(name: &str, function: u32) -> Vec<u8> {
    let mut export = sized(name.as_bytes());
    export.push(0);
    write(&mut export, function);
    export
}

/// Bytes behind their number.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let mut sized = encoded(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    sized.extend_from_slice(bytes);
    sized
}

fn encoded(number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, number);
    bytes
}

/// Writes a number in groups of seven bits (LEB128).
fn write(to: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        to.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    to.push(u8::try_from(number).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = r#"(module
        (import "env" "note" (func $note (param i32 i32)))
        (func (export "proxy_on_context_create") (param i32 i32) (call $note (i32.const 1) (local.get 1)))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $note (i32.const 2) (local.get 1)) (local.get 2))
        (func (export "proxy_on_done") (param i32) (result i32) (call $note (i32.const 3) (local.get 0)) (i32.const 1))
        (func (export "proxy_on_delete") (param i32) (call $note (i32.const 4) (local.get 0)))
        (memory (export "memory") 1)
        (data (i32.const 8) "kept"))"#;

    /// What such a module notes when its functions are called.
    fn noted(module: &[u8]) -> (Vec<(i32, i32)>, i32) {
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, module).unwrap();
        let mut store = wasmtime::Store::new(&engine, Vec::new());
        let note = wasmtime::Func::wrap(
            &mut store,
            |mut caller: wasmtime::Caller<'_, Vec<(i32, i32)>>, what: i32, of: i32| {
                caller.data_mut().push((what, of));
            },
        );
        let instance = wasmtime::Instance::new(&mut store, &module, &[note.into()]).unwrap();
        let action = match instance.get_typed_func::<(i32, i32, i32), i32>(&mut store, BEGIN) {
            Ok(begin) => begin.call(&mut store, (7, 20, 1)).unwrap(),
            Err(_) => -1,
        };
        instance.get_typed_func::<i32, ()>(&mut store, END).unwrap().call(&mut store, 7).unwrap();
        (store.into_data(), action)
    }

    #[test]
    fn the_callbacks_are_called_one_after_the_other() {
        let module = joined(wat::parse_str(MODULE).unwrap(), Created::No);
        assert_eq!(noted(&module), (vec![(1, 1), (2, 20), (3, 7), (4, 7)], 1));
    }

    #[test]
    fn one_that_has_its_context_begins_with_the_head() {
        let module = joined(wat::parse_str(MODULE).unwrap(), Created::Yes);
        assert_eq!(noted(&module), (vec![(3, 7), (4, 7)], -1));
        let module = wasmtime::Module::new(&wasmtime::Engine::default(), module).unwrap();
        assert!(module.get_export(CREATED).is_some() && module.get_export(BEGIN).is_none());
    }

    #[test]
    fn callbacks_of_other_types_are_left_alone() {
        let bytes = wat::parse_str(
            r#"(module (func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0))
                (func (export "proxy_on_context_create") (param i32 i32))
                (func (export "proxy_on_log") (param i64)) (func (export "proxy_on_done") (param i32)))"#,
        );
        let bytes = bytes.unwrap();
        let module = joined(bytes.clone(), Created::No);
        let module = wasmtime::Module::new(&wasmtime::Engine::default(), module).unwrap();
        assert!(module.get_export(BEGIN).is_none() && module.get_export(END).is_none());
        assert_eq!(joined(b"no module".to_vec(), Created::No), b"no module");
    }
}
