package codepage_test

import (
	"fmt"

	"github.com/iotcomponents/iot/mqtt/internal/codepage"
)

func Example() {
	page, err := codepage.Lookup(1252)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, _ := page.Encode("5 €")
	fmt.Printf("%s: % X\n", page.Name(), b)
	fmt.Println(page.Decode(b))
	_, err = page.Encode("5 ₪")
	fmt.Println(err)
	// Output:
	// Latin I: 35 20 80
	// 5 €
	// [434] The text does not fit the code page. Code page 1252 (Latin I) lacks U+20AA '₪' at byte 2 of the text; remove it or set another CodePage.
}
