package sandgate

// The plugin, and the hooks that it has. A hook that it does not have is never called.
var (
	plugin  any
	handled bool
)

// Handle registers the plugin: call it once, in init.
func Handle(value any) {
	if handled {
		panic("sandgate.Handle is called twice")
	}
	plugin, handled = value, true
	registered(value)
}

// Hooks are the interfaces of the contract that a plugin has.
func Hooks(value any) []string {
	var hooks []string
	add := func(name string, has bool) {
		if has {
			hooks = append(hooks, name)
		}
	}
	add("plugin", is[Configurer](value) || is[Describer](value))
	add("on-request", is[RequestFilter](value))
	add("on-request-body", is[RequestBodyFilter](value))
	add("on-response", is[ResponseFilter](value))
	add("on-response-body", is[ResponseBodyFilter](value))
	add("on-log", is[Logger](value))
	add("router", is[Router](value))
	add("reroute", is[Rerouter](value))
	add("picker", is[Picker](value))
	add("on-outcomes", is[Learner](value))
	add("weigher", is[Weigher](value))
	return hooks
}

func is[T any](value any) bool {
	_, is := value.(T)
	return is
}
