// Command sandgate-build makes a component of a plugin: `sandgate-build -o plugin.wasm FOLDER`.
//
// It runs the plugin on this machine to learn which hooks it has, compiles it for wasip1, and makes a component of the module by
// wasm-tools, with the adapter that WASI 0.1 needs.
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"sandgate/sdk"
)

// The adapter of Wasmtime 48 (Apache-2.0 WITH LLVM-exception), from its crate wasi-preview1-component-adapter-provider.
//
//go:embed wasi_snapshot_preview1.reactor.wasm
var adapter []byte

func main() {
	output := flag.String("o", "", "the component's path")
	wit := flag.String("wit", "", "the contract's folder, if it is not beside the SDK")
	flag.Parse()
	if *output == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: sandgate-build -o PLUGIN.wasm [-wit FOLDER] FOLDER")
		os.Exit(2)
	}
	if err := build(flag.Arg(0), *output, *wit); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func build(source, output, wit string) error {
	hooks, err := hooksOf(source)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "sandgate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if wit == "" {
		if wit, err = beside(source); err != nil {
			return err
		}
	}
	world := filepath.Join(folder, "wit")
	if err := writeWorld(wit, world, hooks); err != nil {
		return err
	}
	path := func(name string) string { return filepath.Join(folder, name) }
	if err := os.WriteFile(path("adapter.wasm"), adapter, 0o600); err != nil {
		return err
	}
	if output, err = filepath.Abs(output); err != nil {
		return err
	}
	for _, step := range []*exec.Cmd{
		compile(source, path("core.wasm")),
		exec.Command("wasm-tools", "component", "embed", "--world", "built", world, path("core.wasm"), "-o", path("embedded.wasm")),
		exec.Command("wasm-tools", "component", "new", path("embedded.wasm"), "--adapt", "wasi_snapshot_preview1="+path("adapter.wasm"), "-o", output),
	} {
		if said, err := step.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", step, err, said)
		}
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", output, strings.Join(hooks, ", "))
	return nil
}

func compile(source, core string) *exec.Cmd {
	// -checklinkname=0: memory is asked for before Go's runtime is ready (internal/abi/realloc.go).
	command := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w -checklinkname=0", "-o", core, ".")
	command.Dir = source
	command.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	return command
}

// The plugin says which hooks it has when it registers itself.
func hooksOf(source string) ([]string, error) {
	command := exec.Command("go", "run", ".")
	command.Dir, command.Stderr = source, os.Stderr
	command.Env = append(os.Environ(), sandgate.AskForHooks+"=1")
	said, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("the plugin can't be run: %w", err)
	}
	hooks := strings.Fields(string(said))
	if len(hooks) == 0 || len(hooks) == 1 && hooks[0] == "plugin" {
		return nil, errors.New("the plugin has no hook: does its init call sandgate.Handle?")
	}
	return hooks, nil
}

// The contract's folder, in the SDK's module or two folders above it, in the repository.
func beside(source string) (string, error) {
	command := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sandgate/sdk")
	command.Dir = source
	said, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("the SDK's module can't be found: %w", err)
	}
	sdk := strings.TrimSpace(string(said))
	for _, folder := range []string{filepath.Join(sdk, "wit"), filepath.Join(sdk, "../../wit")} {
		if _, err := os.Stat(filepath.Join(folder, "types.wit")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("no WIT beside %s", sdk)
}

func writeWorld(wit, folder string, hooks []string) error {
	files, err := filepath.Glob(filepath.Join(wit, "*.wit"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	version := ""
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if found := regexp.MustCompile(`(?m)^package sandgate:proxy@([^;]+);`).FindSubmatch(text); found != nil {
			version = string(found[1])
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), text, 0o600); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("package sandgate:proxy@%s;\nworld built {\n  include imports;\n", version)
	for _, hook := range hooks {
		text += "  export " + hook + ";\n"
	}
	return os.WriteFile(filepath.Join(folder, "built.wit"), []byte(text+"}\n"), 0o600)
}
