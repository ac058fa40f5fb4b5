/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/elf.h"
#include "base/err.h"

#include <elf.h>
#include <errno.h>
#include <unistd.h>

#if UINTPTR_MAX > UINT32_MAX
typedef Elf64_Ehdr elf_header;
typedef Elf64_Phdr elf_part;
typedef Elf64_Shdr elf_section;
typedef Elf64_Dyn elf_entry;
typedef Elf64_Sym elf_symbol;
enum { ELF_BITS = 64, ELF_CLASS = ELFCLASS64 };
#else
typedef Elf32_Ehdr elf_header;
typedef Elf32_Phdr elf_part;
typedef Elf32_Shdr elf_section;
typedef Elf32_Dyn elf_entry;
typedef Elf32_Sym elf_symbol;
enum { ELF_BITS = 32, ELF_CLASS = ELFCLASS32 };
#endif

enum {
	ELF_DATA = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB,
	ELF_MOST_SECTIONS = 1024,
	ELF_MOST_STRINGS = 64 << 20, /* bytes of one string table */
	ELF_MOST_SYMBOLS = 1 << 20,
};

/* What elf_read holds in its hands while it reads. */
struct reading {
	const struct elf_source *source;
	struct arena *arena;
	elf_header head;
	elf_part part[ELF_MOST_HEADERS];
	size_t n_parts;
};

static bool read_fd(const struct elf_source *self, uint64_t at, void *to, size_t n)
{
	return at <= INT64_MAX && pread(self->fd, to, n, (off_t)at) == (ssize_t)n;
}

static bool read_bytes(const struct elf_source *self, uint64_t at, void *to, size_t n)
{
	if (at > self->bytes.n || n > self->bytes.n - at)
		return false;
	if (n)
		memcpy(to, self->bytes.p + at, n);
	return true;
}

struct elf_source elf_of_fd(int fd)
{
	return (struct elf_source){ .read = read_fd, .fd = fd };
}

struct elf_source elf_of_bytes(struct str bytes)
{
	return (struct elf_source){ .read = read_bytes, .fd = -1, .bytes = bytes };
}

uint16_t elf_machine_here(void)
{
#if defined(__x86_64__)
	return EM_X86_64;
#elif defined(__aarch64__)
	return EM_AARCH64;
#elif defined(__riscv)
	return EM_RISCV;
#elif defined(__powerpc64__)
	return EM_PPC64;
#elif defined(__s390x__)
	return EM_S390;
#elif defined(__i386__)
	return EM_386;
#elif defined(__arm__)
	return EM_ARM;
#else
#error "which machine is this?"
#endif
}

const char *elf_machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} known[] = {
		{ EM_386, "x86" },	 { EM_X86_64, "x86-64" }, { EM_ARM, "ARM" },
		{ EM_AARCH64, "arm64" }, { EM_RISCV, "RISC-V" },  { EM_PPC64, "ppc64" },
		{ EM_S390, "s390x" },	 { EM_MIPS, "MIPS" },	  { EM_LOONGARCH, "LoongArch" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].machine == machine)
			return known[i].name;
	return "another machine";
}

/* A NUL-terminated string of at most `most` bytes at file offset `at`; false if there is none. */
static bool read_text(struct reading *r, uint64_t at, uint64_t most, struct str *out)
{
	char text[ELF_MOST_NAME];
	size_t n = 0;

	if (most > sizeof(text))
		most = sizeof(text);
	while (n < most) {
		size_t step = most - n < 64 ? (size_t)(most - n) : 64;
		const char *end;

		/* The file may end right after the string, in the middle of a step. */
		while (step && !r->source->read(r->source, at + n, text + n, step))
			step /= 2;
		if (!step)
			return false;
		end = memchr(text + n, '\0', step);
		if (end) {
			*out = arena_copy(r->arena, (struct str){ text, (size_t)(end - text) });
			return true;
		}
		n += step;
	}
	return false;
}

/* The file offset of a virtual address, and how many bytes of the file are mapped from there on. */
static bool offset_of(const struct reading *r, uint64_t address, uint64_t *offset, uint64_t *room)
{
	for (size_t i = 0; i < r->n_parts; i++) {
		const elf_part *p = &r->part[i];

		if (p->p_type != PT_LOAD || address < p->p_vaddr ||
		    address - p->p_vaddr >= p->p_filesz)
			continue;
		if (__builtin_add_overflow(p->p_offset, address - p->p_vaddr, offset))
			return false;
		*room = p->p_filesz - (address - p->p_vaddr);
		return true;
	}
	return false;
}

static int read_parts(struct reading *r)
{
	r->n_parts = r->head.e_phnum;
	if (r->n_parts > ELF_MOST_HEADERS ||
	    (r->n_parts && r->head.e_phentsize != sizeof(elf_part)))
		return ELF_BROKEN;
	if (!r->source->read(r->source, r->head.e_phoff, r->part, r->n_parts * sizeof(elf_part)))
		return ELF_BROKEN;
	return 0;
}

struct dynamic {
	uint64_t strings, strings_size, rpath, runpath;
	uint64_t needed[ELF_MOST_NEEDED];
	size_t n_needed;
	bool static_tls;
};

/* One entry; *more becomes false at the last. */
static int take_dynamic(struct dynamic *d, const elf_entry *e, bool *more)
{
	switch (e->d_tag) {
	case DT_NULL:
		*more = false;
		break;
	case DT_NEEDED:
		if (d->n_needed == ELF_MOST_NEEDED)
			return ELF_BROKEN;
		d->needed[d->n_needed++] = e->d_un.d_val;
		break;
	case DT_STRTAB:
		d->strings = e->d_un.d_ptr;
		break;
	case DT_STRSZ:
		d->strings_size = e->d_un.d_val;
		break;
	case DT_RPATH:
		d->rpath = e->d_un.d_val + 1;
		break;
	case DT_RUNPATH:
		d->runpath = e->d_un.d_val + 1;
		break;
	case DT_FLAGS:
		d->static_tls = e->d_un.d_val & DF_STATIC_TLS;
		break;
	}
	return 0;
}

/* Many at a time, but not more than can be read: what stands behind the last one doesn't matter. */
static int scan_dynamic(struct reading *r, const elf_part *part, struct dynamic *d)
{
	uint64_t n = part->p_filesz / sizeof(elf_entry), at = 0;
	elf_entry e[64];
	bool more = true;
	int bad = 0;

	if (n > ELF_MOST_DYNAMIC)
		n = ELF_MOST_DYNAMIC;
	while (at < n && more && !bad) {
		size_t step = n - at < 64 ? (size_t)(n - at) : 64;

		while (step && !r->source->read(r->source, part->p_offset + at * sizeof(*e), e,
						step * sizeof(*e)))
			step /= 2;
		if (!step)
			return ELF_BROKEN;
		for (size_t i = 0; i < step && more && !bad; i++)
			bad = take_dynamic(d, &e[i], &more);
		at += step;
	}
	return bad;
}

static int read_dynamic(struct reading *r, const elf_part *part, struct elf *elf)
{
	struct dynamic d = { 0 };
	uint64_t at, room;
	struct str *needed;
	int bad = scan_dynamic(r, part, &d);

	if (bad)
		return bad;
	elf->static_tls = d.static_tls;
	if (!d.n_needed && !d.rpath && !d.runpath)
		return 0;
	if (!offset_of(r, d.strings, &at, &room))
		return ELF_BROKEN;
	if (room > d.strings_size)
		room = d.strings_size;
	needed = arena_take_n(r->arena, struct str, d.n_needed);
	if (!needed)
		return ERR(-ENOMEM);
	for (size_t i = 0; i < d.n_needed; i++)
		if (d.needed[i] >= room ||
		    !read_text(r, at + d.needed[i], room - d.needed[i], &needed[i]))
			return ELF_BROKEN;
	/* rpath and runpath are one too high, so that zero says "none". */
	if (d.rpath &&
	    (d.rpath > room || !read_text(r, at + d.rpath - 1, room - d.rpath + 1, &elf->rpath)))
		return ELF_BROKEN;
	if (d.runpath && (d.runpath > room ||
			  !read_text(r, at + d.runpath - 1, room - d.runpath + 1, &elf->runpath)))
		return ELF_BROKEN;
	elf->needed = needed;
	elf->n_needed = d.n_needed;
	return 0;
}

/* The first bytes: is it one of ours, and what is it? */
static int read_head(struct reading *r, struct elf *elf)
{
	unsigned char id[EI_NIDENT + 4];
	bool little;

	if (!r->source->read(r->source, 0, id, sizeof(id)) || memcmp(id, ELFMAG, SELFMAG) != 0)
		return ELF_NOT;
	if (id[EI_CLASS] != ELFCLASS32 && id[EI_CLASS] != ELFCLASS64)
		return ELF_BROKEN;
	if (id[EI_DATA] != ELFDATA2LSB && id[EI_DATA] != ELFDATA2MSB)
		return ELF_BROKEN;
	little = id[EI_DATA] == ELFDATA2LSB;
	elf->bits = id[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	elf->machine = (uint16_t)(little ? id[18] | id[19] << 8 : id[18] << 8 | id[19]);
	elf->native = id[EI_CLASS] == ELF_CLASS && id[EI_DATA] == ELF_DATA &&
		      elf->machine == elf_machine_here();
	if (!elf->native)
		return 0;
	if (!r->source->read(r->source, 0, &r->head, sizeof(r->head)))
		return ELF_BROKEN;
	if (r->head.e_type != ET_EXEC && r->head.e_type != ET_DYN)
		return ELF_BROKEN;
	elf->executable = r->head.e_type == ET_EXEC;
	return 0;
}

int elf_read(struct elf *out, const struct elf_source *source, struct arena *arena)
{
	struct reading reading = { .source = source, .arena = arena };
	struct elf elf = { 0 };
	uint64_t tls = 0;
	int r = read_head(&reading, &elf);

	if (r)
		return r;
	if (elf.native)
		r = read_parts(&reading);
	for (size_t i = 0; r == 0 && i < reading.n_parts; i++) {
		const elf_part *part = &reading.part[i];

		if (part->p_type == PT_INTERP && !elf.interpreter.n &&
		    !read_text(&reading, part->p_offset, part->p_filesz, &elf.interpreter))
			r = ELF_BROKEN;
		if (part->p_type == PT_DYNAMIC && !elf.dynamic) {
			elf.dynamic = true;
			r = read_dynamic(&reading, part, &elf);
		}
		if (part->p_type == PT_TLS)
			tls = part->p_memsz;
	}
	elf.static_tls = elf.static_tls ? tls : 0;
	if (r == 0)
		*out = elf;
	return TRACE(r);
}

/* Does `name`, between NULs, lie in these bytes of the file? Windows overlap by its length. */
static bool strings_hold(const struct elf_source *source, uint64_t at, uint64_t size,
			 const char *name)
{
	char window[16384], whole[128];
	size_t n = strlen(name) + 2, keep = 0;

	if (n > sizeof(whole))
		return false;
	memset(whole, 0, sizeof(whole));
	memcpy(whole + 1, name, n - 2);
	if (size > ELF_MOST_STRINGS)
		size = ELF_MOST_STRINGS;
	while (size) {
		size_t step = sizeof(window) - keep;

		if (step > size)
			step = (size_t)size;
		if (!source->read(source, at, window + keep, step))
			return false;
		if (memmem(window, keep + step, whole, n))
			return true;
		at += step;
		size -= step;
		if (!size)
			break;
		keep = n - 1;
		memmove(window, window + sizeof(window) - keep, keep);
	}
	return false;
}

/* The sections of an ELF file of ours, one by one; false when there is no i-th, or no sense in it. */
static bool read_section(const struct elf_source *source, size_t i, elf_section *out)
{
	elf_header head;

	return source->read(source, 0, &head, sizeof(head)) &&
	       memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 && head.e_ident[EI_CLASS] == ELF_CLASS &&
	       head.e_ident[EI_DATA] == ELF_DATA && head.e_shentsize == sizeof(*out) &&
	       i < head.e_shnum && i < ELF_MOST_SECTIONS &&
	       source->read(source, head.e_shoff + i * sizeof(*out), out, sizeof(*out));
}

bool elf_mentions(const struct elf_source *source, const char *name)
{
	elf_section s;

	for (size_t i = 0; read_section(source, i, &s); i++)
		if (s.sh_type == SHT_STRTAB && strings_hold(source, s.sh_offset, s.sh_size, name))
			return true;
	return false;
}

/* Is the i-th symbol of this table one that is defined, and called so? */
static bool symbol_is(const struct elf_source *source, uint64_t symbol_at,
		      const elf_section *strings, const char *name)
{
	char text[128];
	size_t n = strlen(name) + 1;
	elf_symbol s;

	return n <= sizeof(text) && source->read(source, symbol_at, &s, sizeof(s)) &&
	       s.st_shndx != SHN_UNDEF && s.st_name < strings->sh_size &&
	       n <= strings->sh_size - s.st_name &&
	       source->read(source, strings->sh_offset + s.st_name, text, n) &&
	       memcmp(text, name, n) == 0;
}

bool elf_exports(const struct elf_source *source, const char *name)
{
	elf_section s, strings;

	for (size_t i = 0; read_section(source, i, &s); i++) {
		size_t n = s.sh_size / sizeof(elf_symbol);

		if (s.sh_type != SHT_DYNSYM || !read_section(source, s.sh_link, &strings))
			continue;
		for (size_t k = 0; k < n && k < ELF_MOST_SYMBOLS; k++)
			if (symbol_is(source, s.sh_offset + k * sizeof(elf_symbol), &strings, name))
				return true;
	}
	return false;
}
