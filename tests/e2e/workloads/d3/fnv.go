package main

import (
	"bytes"
	"fmt"
	"os"
)

func main() {
	data, err := os.ReadFile(os.Getenv("DATASET_PATH"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fnv := uint64(0xcbf29ce484222325)
	for _, b := range data {
		fnv = (fnv ^ uint64(b)) * 0x100000001b3
	}
	lines := bytes.Count(data, []byte{'\n'})
	fmt.Printf("{\"bytes\":%d,\"fnv1a64\":\"%016x\",\"lines\":%d}\n", len(data), fnv, lines)
}
