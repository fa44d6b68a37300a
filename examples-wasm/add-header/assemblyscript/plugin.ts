// The smallest filter that does something both ways, over the canonical ABI of components: there is no SDK for AssemblyScript.
//
// Texts and lists are an address and a length; what is more than one number is written where the last parameter points. Memory is
// never freed: an instance lives for one exchange (`isolation: exchange`).

@external("sandgate:proxy/types@CONTRACT", "[method]request.header")
declare function requestHeader(self: i32, name: usize, nameLength: i32, out: usize): void;

@external("sandgate:proxy/types@CONTRACT", "[method]request.set-header")
declare function requestSetHeader(self: i32, name: usize, nameLength: i32, value: usize, valueLength: i32, out: usize): void;

@external("sandgate:proxy/types@CONTRACT", "[resource-drop]request")
declare function requestDrop(self: i32): void;

@external("sandgate:proxy/types@CONTRACT", "[method]response.set-header")
declare function responseSetHeader(self: i32, name: usize, nameLength: i32, value: usize, valueLength: i32, out: usize): void;

@external("sandgate:proxy/types@CONTRACT", "[resource-drop]response")
declare function responseDrop(self: i32): void;

/** The host asks for memory by this when it gives us texts. */
export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  return size == 0 ? align : heap.alloc(size);
}

/** An option of a text, and a result whose error is a variant: its first byte says which. */
@unmanaged
class Out {
  tag: u32 = 0;
  address: u32 = 0;
  length: u32 = 0;
  rest: u32 = 0;
}

/** A verdict whose case is `continue`. */
@unmanaged
class Verdict {
  tag: u32 = 0;
  reply0: u32 = 0;
  reply1: u32 = 0;
  reply2: u32 = 0;
  reply3: u32 = 0;
  reply4: u32 = 0;
}

function utf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}

function address(bytes: ArrayBuffer): usize {
  return changetype<usize>(bytes);
}

/** Exported as `sandgate:proxy/on-request@VERSION#on-request`: the build renames it. */
export function onRequest(request: i32): Verdict {
  const agent = new Out(), done = new Out();
  const from = utf8("user-agent"), to = utf8("x-seen-agent");
  requestHeader(request, address(from), from.byteLength, changetype<usize>(agent));
  // Where there is no agent the length is as it was made: 0.
  requestSetHeader(request, address(to), to.byteLength, agent.address, agent.length, changetype<usize>(done));
  assert((done.tag & 0xff) == 0);
  requestDrop(request);
  return new Verdict();
}

/** Exported as `sandgate:proxy/on-response@VERSION#on-response`. */
export function onResponse(response: i32): Verdict {
  const done = new Out();
  const name = utf8("x-served-by"), value = utf8("sandgate");
  responseSetHeader(response, address(name), name.byteLength, address(value), value.byteLength, changetype<usize>(done));
  assert((done.tag & 0xff) == 0);
  responseDrop(response);
  return new Verdict();
}
