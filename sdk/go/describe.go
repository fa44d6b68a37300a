//go:build wasip1

package sandgate

import (
	"unsafe"

	"sandgate/sdk/internal/abi"
)

// The layouts of what `describe` gives.
type (
	rawLabel struct {
		name   abi.List
		values abi.List
	}
	rawMetric struct {
		name, help abi.List
		kind       uint32
		buckets    abi.List
		labels     abi.List
	}
	rawDescription struct {
		name, version, summary, metrics abi.List
		hasSchema                       uint32
		schema                          abi.List
	}
)

//go:wasmexport sandgate:proxy/plugin@0.1.1#describe
func describe() unsafe.Pointer {
	var made *rawDescription
	hook(func() any {
		known := Description{Name: "plugin", Version: "0.0.0"}
		if describer, is := plugin.(Describer); is {
			known = describer.Describe()
		}
		keepAlive(known)
		metrics := make([]rawMetric, len(known.Metrics))
		for at, metric := range known.Metrics {
			metrics[at] = rawMetric{
				name: abi.OfString(metric.Name), help: abi.OfString(metric.Help), kind: uint32(metric.Kind),
				buckets: abi.Of(metric.Buckets), labels: labels(metric.Labels),
			}
		}
		made = &rawDescription{
			name: abi.OfString(known.Name), version: abi.OfString(known.Version), summary: abi.OfString(known.Summary),
			metrics: abi.Of(keepAlive(metrics)), schema: abi.OfString(known.SettingsSchema),
		}
		if known.SettingsSchema != "" {
			made.hasSchema = 1
		}
		return made
	})
	return unsafe.Pointer(made)
}

func labels(all []Label) abi.List {
	made := make([]rawLabel, len(all))
	for at, label := range all {
		values := make([]abi.List, len(label.Values))
		for index, value := range label.Values {
			values[index] = abi.OfString(value)
		}
		made[at] = rawLabel{name: abi.OfString(label.Name), values: abi.Of(keepAlive(values))}
	}
	return abi.Of(keepAlive(made))
}
