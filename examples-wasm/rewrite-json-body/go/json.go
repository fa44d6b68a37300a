package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
)

// An object whose fields stay in their order, which a map of Go would forget.
type object []field

type field struct {
	name  string
	value any
}

// With the field at the place where it was, or at the end.
func (o object) with(new field) object {
	for at := range o {
		if o[at].name == new.name {
			o[at].value = new.value
			return o
		}
	}
	return append(o, new)
}

func (o *object) UnmarshalJSON(text []byte) error {
	value, err := parse(text)
	fields, is := value.(object)
	if err != nil || !is {
		return errors.Join(err, errors.New("expected a JSON object"))
	}
	*o = fields
	return nil
}

// The one value of a text: an object, []any, or what package json makes of anything else.
func parse(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := next(decoder)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("something follows the value")
	}
	return value, nil
}

func next(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return fields(decoder)
	case json.Delim('['):
		return list(decoder)
	}
	return token, nil
}

func fields(decoder *json.Decoder) (any, error) {
	all := object{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		value, err := next(decoder)
		if err != nil {
			return nil, err
		}
		all = all.with(field{name.(string), value})
	}
	_, err := decoder.Token()
	return all, err
}

func list(decoder *json.Decoder) (any, error) {
	all := []any{}
	for decoder.More() {
		value, err := next(decoder)
		if err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	_, err := decoder.Token()
	return all, err
}

// Takes fields out, wherever they are; says how many there were.
func hide(value any, names []string) (any, int) {
	count := 0
	switch value := value.(type) {
	case object:
		kept := slices.DeleteFunc(value, func(f field) bool { return slices.Contains(names, f.name) })
		count = len(value) - len(kept)
		for at := range kept {
			inner, hidden := hide(kept[at].value, names)
			kept[at].value, count = inner, count+hidden
		}
		return kept, count
	case []any:
		for at := range value {
			inner, hidden := hide(value[at], names)
			value[at], count = inner, count+hidden
		}
	}
	return value, count
}

func write(value any) []byte {
	var text bytes.Buffer
	put(&text, value)
	return text.Bytes()
}

func put(text *bytes.Buffer, value any) {
	switch value := value.(type) {
	case object:
		open := byte('{')
		for _, field := range value {
			text.WriteByte(open)
			put(text, field.name)
			text.WriteByte(':')
			put(text, field.value)
			open = ','
		}
		if len(value) == 0 {
			text.WriteByte('{')
		}
		text.WriteByte('}')
	case []any:
		open := byte('[')
		for _, inner := range value {
			text.WriteByte(open)
			put(text, inner)
			open = ','
		}
		if len(value) == 0 {
			text.WriteByte('[')
		}
		text.WriteByte(']')
	default:
		scalar(text, value)
	}
}

// A scalar without the escapes that package json makes for HTML; those of line ends of JavaScript it makes all the same.
func scalar(text *bytes.Buffer, value any) {
	var one bytes.Buffer
	encoder := json.NewEncoder(&one)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	text.Write(bytes.TrimSuffix(one.Bytes(), []byte("\n")))
}
