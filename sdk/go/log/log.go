// Package log writes lines in the host's log, marked with the plugin's name and the exchange's id.
package log

import "sandgate/sdk/internal/host"

// Debug is for whoever writes the plugin.
func Debug(message string) { host.LogWrite(0, message) }

// Info is normal, worth a line.
func Info(message string) { host.LogWrite(1, message) }

// Warn is odd but handled.
func Warn(message string) { host.LogWrite(2, message) }

// Error is for what someone must act on.
func Error(message string) { host.LogWrite(3, message) }
