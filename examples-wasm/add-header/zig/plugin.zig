//! The smallest filter that does something both ways, over the SDK for C.
//!
//! The build looks for the hooks' names in lines like these:
// define SANDGATE_ON_REQUEST
// define SANDGATE_ON_RESPONSE

/// Bytes, which are text in most places; `sg_text` of sandgate.h.
const Text = extern struct {
    ptr: ?[*]const u8,
    len: usize,

    fn of(comptime text: []const u8) Text {
        return .{ .ptr = text.ptr, .len = text.len };
    }
};

const Field = extern struct { name: Text, value: Text };
const Reply = extern struct { status: u16, body: Text, fields: [8]Field, field_count: usize };
const Verdict = extern struct { kind: c_int, text: Text, reply: Reply };
const Request = opaque {};
const Response = opaque {};

extern fn sg_continue() Verdict;
extern fn sg_fail(why: Text) noreturn;
extern fn sg_request_header(request: *Request, name: Text) Text;
extern fn sg_request_set_header(request: *Request, name: Text, value: Text) c_int;
extern fn sg_response_set_header(response: *Response, name: Text, value: Text) c_int;

export fn sg_on_request(request: *Request) Verdict {
    const agent = sg_request_header(request, Text.of("user-agent"));
    if (sg_request_set_header(request, Text.of("x-seen-agent"), agent) != 0) sg_fail(Text.of("the agent can't be told"));
    return sg_continue();
}

export fn sg_on_response(response: *Response) Verdict {
    if (sg_response_set_header(response, Text.of("x-served-by"), Text.of("sandgate")) != 0) sg_fail(Text.of("the client can't be told"));
    return sg_continue();
}
