package config

// The functions that a row is made with take the component, so that all components of a type share one table. The row
// forgets that type: rows then go into one list, and options need no type argument.

// ofOwner makes f a function of an owner that must be a *O.
func ofOwner[O, R any](f func(*O) R) func(owner any) R {
	return func(owner any) R { return f(owner.(*O)) }
}

// ofOwnerAnd is ofOwner for a function with an argument.
func ofOwnerAnd[O, A, R any](f func(*O, A) R) func(owner any, argument A) R {
	return func(owner any, argument A) R { return f(owner.(*O), argument) }
}
