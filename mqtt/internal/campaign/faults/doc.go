// Package faults tests components over links that end, by FIN, by RST or by silence: at each packet of each flow, and
// at random for as long as one likes. docs/faults.md tells what was found.
package faults
