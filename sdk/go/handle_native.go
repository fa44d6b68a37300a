//go:build !wasip1

package sandgate

import (
	"fmt"
	"os"
	"strings"
)

// AskForHooks is the variable in the environment by which the build asks a plugin for its hooks.
const AskForHooks = "SANDGATE_HOOKS"

// On a machine of its own a plugin is run by its tests, and by the build, which wants to know its hooks.
func registered(value any) {
	if os.Getenv(AskForHooks) != "" {
		fmt.Println(strings.Join(Hooks(value), " "))
		os.Exit(0)
	}
}
