package journal

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// fakeDisk is a filesystem in memory that can fail, and crash: then everything that was not synced is lost but for a
// beginning of it.
type fakeDisk struct {
	mu      sync.Mutex
	names   map[string]*inode // as programs see them
	durable map[string]*inode // as they are after a crash
	renames []func(map[string]*inode)
	locked  map[string]bool
	syncs   int
	writes  int
	onSync  func()
	fail    func(op, name string) error // nil = nothing fails
	rng     *rand.Rand
}

type inode struct {
	data    []byte // as programs see it
	durable []byte // as it is after a crash
	writes  []change
	mode    fs.FileMode
}

// change is a write at offset, or with data == nil a truncation there.
type change struct {
	offset int64
	data   []byte
}

func (c change) applyTo(b []byte) []byte {
	if c.data == nil {
		return append(b, make([]byte, max(0, int(c.offset)-len(b)))...)[:c.offset]
	}
	b = append(b, make([]byte, max(0, int(c.offset)+len(c.data)-len(b)))...)
	copy(b[c.offset:], c.data)
	return b
}

func newFakeDisk(seed uint64) *fakeDisk {
	return &fakeDisk{
		names: map[string]*inode{}, durable: map[string]*inode{}, locked: map[string]bool{}, rng: rand.New(rand.NewPCG(seed, 1)),
	}
}

// crash returns what is there after a loss of power.
func (d *fakeDisk) crash() *fakeDisk {
	after := newFakeDisk(d.rng.Uint64())
	for _, rename := range d.renames[:d.rng.IntN(len(d.renames)+1)] {
		rename(d.durable)
	}
	for name, file := range d.durable {
		b := append([]byte(nil), file.durable...)
		kept := d.rng.IntN(len(file.writes) + 1)
		for _, c := range file.writes[:kept] {
			b = c.applyTo(b)
		}
		if kept < len(file.writes) {
			if c := file.writes[kept]; len(c.data) > 0 { // torn
				c.data = c.data[:d.rng.IntN(len(c.data))]
				b = c.applyTo(b)
			}
		}
		same := &inode{data: b, durable: append([]byte(nil), b...)}
		after.names[name], after.durable[name] = same, same
	}
	return after
}

// remember makes the next sync write all that it has to. Nothing but this process can know after a failed one that
// another attempt has to write everything again: a later process sees what the system has in memory, and no journal can
// tell that it is not on the disk.
func (d *fakeDisk) remember() {
	for _, file := range d.names {
		b := append([]byte(nil), file.durable...)
		for _, c := range file.writes {
			b = c.applyTo(b)
		}
		if bytes.Equal(b, file.data) {
			continue
		}
		same := 0
		for same < min(len(b), len(file.data)) && b[same] == file.data[same] {
			same++
		}
		file.writes = append(file.writes, change{offset: int64(same)}, change{int64(same), append([]byte{}, file.data[same:]...)})
	}
}

// kill returns what is there after the end of the process alone.
func (d *fakeDisk) kill() *fakeDisk {
	d.locked, d.fail, d.onSync = map[string]bool{}, nil, nil
	return d
}

func (d *fakeDisk) problem(op, name string) error {
	if d.fail == nil {
		return nil
	}
	if err := d.fail(op, name); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

type fakeInfo struct {
	name string
	file *inode
}

func (i fakeInfo) Name() string       { return filepath.Base(i.name) }
func (i fakeInfo) Size() int64        { return int64(len(i.file.data)) }
func (i fakeInfo) Mode() fs.FileMode  { return i.file.mode }
func (i fakeInfo) ModTime() time.Time { return time.Time{} }
func (i fakeInfo) IsDir() bool        { return i.file.mode.IsDir() }
func (i fakeInfo) Sys() any           { return nil }

func (d *fakeDisk) Lstat(name string) (fs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.problem("lstat", name); err != nil {
		return nil, err
	}
	if d.names[name] == nil {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: syscall.ENOENT}
	}
	return fakeInfo{name, d.names[name]}, nil
}

func (d *fakeDisk) Open(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.problem("open", name); err != nil {
		return nil, err
	}
	if d.names[name] == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	}
	return &fakeFile{d, name, d.names[name], false}, nil
}

func (d *fakeDisk) change(rename func(map[string]*inode)) {
	rename(d.names)
	d.renames = append(d.renames, rename)
}

func (d *fakeDisk) Create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.problem("create", name); err != nil {
		return nil, err
	}
	if d.names[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: syscall.EEXIST}
	}
	made := &inode{}
	d.change(func(names map[string]*inode) { names[name] = made })
	return &fakeFile{d, name, made, false}, nil
}

func (d *fakeDisk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.problem("rename", from); err != nil {
		return err
	}
	moved := d.names[from]
	if moved == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: syscall.ENOENT}
	}
	d.change(func(names map[string]*inode) {
		delete(names, from)
		names[to] = moved
	})
	return nil
}

func (d *fakeDisk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.problem("remove", name); err != nil {
		return err
	}
	if d.names[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOENT}
	}
	d.change(func(names map[string]*inode) { delete(names, name) })
	return nil
}

func (d *fakeDisk) MakeFolder(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.problem("mkdir", name)
}

func (d *fakeDisk) SyncFolder(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.problem("syncfolder", name); err != nil {
		return err
	}
	for _, rename := range d.renames {
		rename(d.durable)
	}
	d.renames = nil
	return nil
}

type fakeLock struct {
	disk *fakeDisk
	name string
}

func (d *fakeDisk) Lock(name string) (fileLock, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.problem("lock", name); err != nil {
		return nil, err
	}
	if d.locked[name] {
		return nil, errLocked
	}
	d.locked[name] = true
	if d.names[name] == nil {
		d.names[name] = &inode{}
	}
	return fakeLock{d, name}, nil
}

func (l fakeLock) Release() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	l.disk.locked[l.name] = false
	return l.disk.problem("unlock", l.name)
}

func (l fakeLock) Remove() error {
	delete(l.disk.names, l.name)
	return l.Release()
}

type fakeFile struct {
	disk   *fakeDisk
	name   string
	inode  *inode
	closed bool
}

// begin begins an operation, which ends with unlocking the disk.
func (f *fakeFile) begin(op string) error {
	f.disk.mu.Lock()
	if f.closed {
		return &fs.PathError{Op: op, Path: f.name, Err: fs.ErrClosed}
	}
	return f.disk.problem(op, f.name)
}

func (f *fakeFile) ReadAt(b []byte, offset int64) (int, error) {
	err := f.begin("read")
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n := copy(b, f.inode.data[min(offset, int64(len(f.inode.data))):])
	if n < len(b) {
		err = io.EOF
	}
	return n, err
}

func (f *fakeFile) WriteAt(b []byte, offset int64) (int, error) {
	err := f.begin("write")
	defer f.disk.mu.Unlock()
	f.disk.writes++
	if errors.Is(err, fs.ErrClosed) {
		return 0, err
	}
	if err != nil { // a short write
		b = b[:f.disk.rng.IntN(len(b)+1)]
	}
	c := change{offset, append(make([]byte, 0, len(b)), b...)}
	f.inode.data = c.applyTo(f.inode.data)
	f.inode.writes = append(f.inode.writes, c)
	return len(b), err
}

func (f *fakeFile) Truncate(size int64) error {
	err := f.begin("truncate")
	defer f.disk.mu.Unlock()
	if err == nil {
		c := change{offset: size}
		f.inode.data = c.applyTo(f.inode.data)
		f.inode.writes = append(f.inode.writes, c)
	}
	return err
}

func (f *fakeFile) Sync() error {
	if f.disk.onSync != nil {
		f.disk.onSync()
	}
	err := f.begin("sync")
	defer f.disk.mu.Unlock()
	f.disk.syncs++
	if err != nil {
		// What is not written back may be marked as written all the same: then a later sync does nothing for it.
		if f.disk.rng.IntN(2) == 0 {
			f.inode.writes = nil
		}
		return err
	}
	for _, c := range f.inode.writes {
		f.inode.durable = c.applyTo(f.inode.durable)
	}
	f.inode.writes = nil
	return nil
}

func (f *fakeFile) Close() error {
	err := f.begin("close")
	defer f.disk.mu.Unlock()
	f.closed = true
	return err
}
