//go:build wasip1

package sandgate

import (
	"unsafe"

	"sandgate/sdk/internal/abi"
)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]request.method
func requestMethod(self int32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]request.path
func requestPath(self int32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]request.set-path
func requestSetPath(self int32, path string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]request.authority
func requestAuthority(self int32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]request.set-authority
func requestSetAuthority(self int32, authority string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]request.header
func requestHeader(self int32, name string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]request.fields
func requestFields(self int32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]request.set-header
func requestSetHeader(self int32, name string, value unsafe.Pointer, length uint32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]request.append-header
func requestAppendHeader(self int32, name string, value unsafe.Pointer, length uint32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]request.remove-header
func requestRemoveHeader(self int32, name string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [resource-drop]request
func requestDrop(self int32)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]response.status
func responseStatus(self int32) int32

//go:wasmimport sandgate:proxy/types@0.1.1 [method]response.set-status
func responseSetStatus(self int32, status int32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]response.header
func responseHeader(self int32, name string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]response.fields
func responseFields(self int32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]response.set-header
func responseSetHeader(self int32, name string, value unsafe.Pointer, length uint32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]response.append-header
func responseAppendHeader(self int32, name string, value unsafe.Pointer, length uint32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [method]response.remove-header
func responseRemoveHeader(self int32, name string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/types@0.1.1 [resource-drop]response
func responseDrop(self int32)

type (
	requestHandle  int32
	responseHandle int32
)

func code(result *abi.Result) string {
	return result.Code("invalid-name", "invalid-value", "forbidden", "too-many")
}

func fieldsOf(list abi.List) []Field {
	fields := make([]Field, 0, list.Length)
	for _, field := range abi.Slice[[2]abi.List](list) {
		fields = append(fields, Field{field[0].String(), field[1].Bytes()})
	}
	return fields
}

func bytesOf(value []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(value)), uint32(len(value))
}

func (r requestHandle) Method() string {
	var out abi.List
	requestMethod(int32(r), unsafe.Pointer(&out))
	return out.String()
}

func (r requestHandle) Path() string {
	var out abi.List
	requestPath(int32(r), unsafe.Pointer(&out))
	return out.String()
}

func (r requestHandle) SetPath(path string) string {
	var out abi.Result
	requestSetPath(int32(r), path, unsafe.Pointer(&out))
	return code(&out)
}

func (r requestHandle) Authority() string {
	var out abi.List
	requestAuthority(int32(r), unsafe.Pointer(&out))
	return out.String()
}

func (r requestHandle) SetAuthority(authority string) string {
	var out abi.Result
	requestSetAuthority(int32(r), authority, unsafe.Pointer(&out))
	return code(&out)
}

func (r requestHandle) Header(name string) ([]byte, bool) {
	var out abi.Option
	requestHeader(int32(r), name, unsafe.Pointer(&out))
	return out.GetBytes()
}

func (r requestHandle) Fields() []Field {
	var out abi.List
	requestFields(int32(r), unsafe.Pointer(&out))
	return fieldsOf(out)
}

func (r requestHandle) SetHeader(name string, value []byte) string {
	var out abi.Result
	pointer, length := bytesOf(value)
	requestSetHeader(int32(r), name, pointer, length, unsafe.Pointer(&out))
	return code(&out)
}

func (r requestHandle) AppendHeader(name string, value []byte) string {
	var out abi.Result
	pointer, length := bytesOf(value)
	requestAppendHeader(int32(r), name, pointer, length, unsafe.Pointer(&out))
	return code(&out)
}

func (r requestHandle) RemoveHeader(name string) string {
	var out abi.Result
	requestRemoveHeader(int32(r), name, unsafe.Pointer(&out))
	return code(&out)
}

func (r responseHandle) Status() uint16 { return uint16(responseStatus(int32(r))) }

func (r responseHandle) SetStatus(status uint16) string {
	var out abi.Result
	responseSetStatus(int32(r), int32(status), unsafe.Pointer(&out))
	return code(&out)
}

func (r responseHandle) Header(name string) ([]byte, bool) {
	var out abi.Option
	responseHeader(int32(r), name, unsafe.Pointer(&out))
	return out.GetBytes()
}

func (r responseHandle) Fields() []Field {
	var out abi.List
	responseFields(int32(r), unsafe.Pointer(&out))
	return fieldsOf(out)
}

func (r responseHandle) SetHeader(name string, value []byte) string {
	var out abi.Result
	pointer, length := bytesOf(value)
	responseSetHeader(int32(r), name, pointer, length, unsafe.Pointer(&out))
	return code(&out)
}

func (r responseHandle) AppendHeader(name string, value []byte) string {
	var out abi.Result
	pointer, length := bytesOf(value)
	responseAppendHeader(int32(r), name, pointer, length, unsafe.Pointer(&out))
	return code(&out)
}

func (r responseHandle) RemoveHeader(name string) string {
	var out abi.Result
	responseRemoveHeader(int32(r), name, unsafe.Pointer(&out))
	return code(&out)
}
