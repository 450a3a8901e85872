//go:build linux || solaris

package errors

// errnoNamesLocal is empty: these systems have no name beyond the common ones.
var errnoNamesLocal []errnoName
