//! The functions of `http_handler`, as far as the probe calls them, with bytes in place of pointers.

#[link(wasm_import_module = "http_handler")]
unsafe extern "C" {
    safe fn enable_features(features: u32) -> u32;
    fn get_config(buffer: *mut u8, limit: u32) -> u32;
    fn log(level: i32, message: *const u8, length: u32);
    fn get_method(buffer: *mut u8, limit: u32) -> u32;
    fn set_method(method: *const u8, length: u32);
    fn get_uri(buffer: *mut u8, limit: u32) -> u32;
    fn set_uri(uri: *const u8, length: u32);
    fn get_protocol_version(buffer: *mut u8, limit: u32) -> u32;
    fn get_source_addr(buffer: *mut u8, limit: u32) -> u32;
    safe fn get_status_code() -> u32;
    safe fn set_status_code(status: u32);
    fn get_header_names(kind: u32, buffer: *mut u8, limit: u32) -> u64;
    fn get_header_values(kind: u32, name: *const u8, length: u32, buffer: *mut u8, limit: u32) -> u64;
    fn set_header_value(kind: u32, name: *const u8, length: u32, value: *const u8, value_length: u32);
    fn add_header_value(kind: u32, name: *const u8, length: u32, value: *const u8, value_length: u32);
    fn remove_header(kind: u32, name: *const u8, length: u32);
    fn read_body(kind: u32, buffer: *mut u8, limit: u32) -> u64;
    fn write_body(kind: u32, body: *const u8, length: u32);
}

pub const REQUEST: u32 = 0;
pub const RESPONSE: u32 = 1;
pub const REQUEST_TRAILERS: u32 = 2;
pub const RESPONSE_TRAILERS: u32 = 3;
pub const BUFFER_REQUEST: u32 = 1;
pub const BUFFER_RESPONSE: u32 = 2;

/// Room for what the host writes.
const ROOM: usize = 1024;

pub fn status() -> u32 {
    get_status_code()
}

pub fn set_status(status: u32) {
    set_status_code(status)
}

pub fn enable(features: u32) -> u32 {
    enable_features(features)
}

pub fn say(text: &str) {
    // SAFETY: pointer and length are those of a string.
    unsafe { log(0, text.as_ptr(), size(text.len())) }
}

pub fn config() -> String {
    text(|buffer, limit| unsafe { get_config(buffer, limit) })
}

pub fn method() -> String {
    text(|buffer, limit| unsafe { get_method(buffer, limit) })
}

pub fn uri() -> String {
    text(|buffer, limit| unsafe { get_uri(buffer, limit) })
}

pub fn protocol() -> String {
    text(|buffer, limit| unsafe { get_protocol_version(buffer, limit) })
}

pub fn source() -> String {
    text(|buffer, limit| unsafe { get_source_addr(buffer, limit) })
}

pub fn change_method(method: &str) {
    // SAFETY: pointer and length are those of a string.
    unsafe { set_method(method.as_ptr(), size(method.len())) }
}

pub fn change_uri(uri: &str) {
    // SAFETY: pointer and length are those of a string.
    unsafe { set_uri(uri.as_ptr(), size(uri.len())) }
}

/// The values of a header, each with a zero behind it.
pub fn header(kind: u32, name: &str) -> String {
    text(|buffer, limit| {
        // SAFETY: pointer and length are those of a string, and `text` has the buffer.
        let answer = unsafe { get_header_values(kind, name.as_ptr(), size(name.len()), buffer, limit) };
        answer as u32
    })
}

/// The names of headers, each with a zero behind it.
pub fn names(kind: u32) -> String {
    // SAFETY: `text` has the buffer.
    text(|buffer, limit| unsafe { get_header_names(kind, buffer, limit) as u32 })
}

pub fn add_header(kind: u32, name: &str, value: &str) {
    // SAFETY: pointers and lengths are those of strings.
    unsafe { add_header_value(kind, name.as_ptr(), size(name.len()), value.as_ptr(), size(value.len())) }
}

pub fn drop_header(kind: u32, name: &str) {
    // SAFETY: pointer and length are those of a string.
    unsafe { remove_header(kind, name.as_ptr(), size(name.len())) }
}

pub fn set_header(kind: u32, name: &str, value: &str) {
    // SAFETY: pointers and lengths are those of strings.
    unsafe { set_header_value(kind, name.as_ptr(), size(name.len()), value.as_ptr(), size(value.len())) }
}

/// All that is left of a body, read in small parts.
pub fn body(kind: u32) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let mut part = [0; 64];
        // SAFETY: pointer and length are those of an array.
        let answer = unsafe { read_body(kind, part.as_mut_ptr(), size(part.len())) };
        whole.extend_from_slice(&part[..answer as u32 as usize]);
        if answer >> 32 == 1 {
            return whole;
        }
    }
}

/// So many bytes of a body.
pub fn some_of_body(kind: u32, count: usize) {
    let mut part = vec![0; count];
    // SAFETY: pointer and length are those of a vector.
    unsafe { read_body(kind, part.as_mut_ptr(), size(count)) };
}

pub fn write(kind: u32, body: &[u8]) {
    // SAFETY: pointer and length are those of a slice.
    unsafe { write_body(kind, body.as_ptr(), size(body.len())) }
}

fn text(get: impl FnOnce(*mut u8, u32) -> u32) -> String {
    let mut buffer = [0; ROOM];
    let length = get(buffer.as_mut_ptr(), size(ROOM));
    String::from_utf8_lossy(buffer.get(..length as usize).unwrap_or_default()).into_owned()
}

fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
