package main

import (
	"slices"
	"testing"

	"sandgate/sdk"
)

func TestTheIdlestOfThoseThatCanBeUsedIsPicked(t *testing.T) {
	ranking := picker{}.Pick(sandgate.Candidates{Usable: []uint32{0, 1}, Active: []uint32{4, 2, 0}})
	if !slices.Equal(ranking, []uint32{1}) {
		t.Error(ranking)
	}
}

func TestWhereNoneCanBeUsedTheHostChooses(t *testing.T) {
	if ranking := (picker{}).Pick(sandgate.Candidates{Active: []uint32{0}}); ranking != nil {
		t.Error(ranking)
	}
}
