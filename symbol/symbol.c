/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/symbol.h"

#include "base/out.h"
#include "base/scoped.h"
#include "symbol/demangle.h"
#include "symbol/file.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>

enum { INLINED_MOST = 64, SCOPES_MOST = 16 };

struct symbols {
	const struct symbol_module *module;
	size_t n;
	struct opened {
		bool tried;
		Dwfl *dwfl;
		Dwfl_Module *mod;
	} * opened;
	struct out name, table_name;
};

const struct symbol_module *symbol_module_of(const struct symbol_module *module, size_t n,
					     uint64_t address)
{
	while (n--)
		if (address >= module[n].begin && address < module[n].end)
			return &module[n];
	return NULL;
}

struct symbols *symbols_new(const struct symbol_module *module, size_t n)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (s)
		s->opened = calloc(n + 1, sizeof(*s->opened));
	if (!s || !s->opened) {
		free(s);
		return NULL;
	}
	s->module = module;
	s->n = n;
	return s;
}

struct symbols *symbols_free(struct symbols *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		if (s->opened[i].dwfl)
			dwfl_end(s->opened[i].dwfl);
	out_fini(&s->name);
	out_fini(&s->table_name);
	free(s->opened);
	free(s);
	return NULL;
}

/* ---- a module --------------------------------------------------------------------------------- */

static int find_debuginfo(Dwfl_Module *mod, void **you, const char *name, Dwarf_Addr base,
			  const char *file, const char *link, GElf_Word crc, char **found)
{
	int fd = dwfl_build_id_find_debuginfo(mod, you, name, base, file, link, crc, found);
	const unsigned char *id;
	GElf_Addr where;
	int n;

	if (fd >= 0 || !file || !link)
		return fd;
	n = dwfl_module_build_id(mod, &id, &where);
	return n > 0 ? symbol_file_debug(file, link, id, (size_t)n, found) : -1;
}

static Dwfl_Module *module_open(struct symbols *s, const struct symbol_module *m)
{
	static const Dwfl_Callbacks callbacks = { .find_elf = dwfl_build_id_find_elf,
						  .find_debuginfo = find_debuginfo };
	struct opened *o = &s->opened[m - s->module];
	char path[PATH_MAX];
	int fd;

	if (o->tried)
		return o->mod;
	o->tried = true;
	fd = symbol_file_open(m, path);
	if (fd < 0)
		return NULL;
	o->dwfl = dwfl_begin(&callbacks);
	if (o->dwfl) {
		dwfl_report_begin(o->dwfl);
		o->mod = dwfl_report_elf(o->dwfl, "", path, fd, m->bias, true);
		dwfl_report_end(o->dwfl, NULL, NULL);
	}
	/* It is the module's now, if there is one. */
	if (!o->mod)
		close(fd);
	return o->mod;
}

/* ---- names ------------------------------------------------------------------------------------ */

/* The declaration: where the names around it are to be found. */
static Dwarf_Die *declaration(Dwarf_Die *die, Dwarf_Die *room)
{
	static const unsigned to[] = { DW_AT_abstract_origin, DW_AT_specification };

	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		Dwarf_Attribute a;

		if (dwarf_attr(die, to[i], &a) && dwarf_formref_die(&a, room))
			die = room;
	}
	return die;
}

static bool names_its_members(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

/* "shop::Cart::add" of C++; C has the name alone. */
static struct str function_name(struct symbols *s, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);
	Dwarf_Die room, *scopes = NULL, *decl = declaration(die, &room);
	int n = name ? dwarf_getscopes_die(decl, &scopes) : 0;

	out_clear(&s->name);
	for (int i = n < SCOPES_MOST ? n - 1 : SCOPES_MOST - 1; i > 0; i--) {
		const char *outer = dwarf_diename(&scopes[i]);

		if (!names_its_members(dwarf_tag(&scopes[i])))
			continue;
		out_str(&s->name, outer ? str_of(outer) : STR("(anonymous)"));
		out_str(&s->name, STR("::"));
	}
	free(scopes);
	out_str(&s->name, str_of(name));
	return s->name.error ? str_of(name) : out_all(&s->name);
}

static void function_of_table(struct symbols *s, Dwfl_Module *mod, uint64_t at,
			      struct symbol_frame *f)
{
	GElf_Off offset = 0;
	GElf_Sym sym;
	const char *name = dwfl_module_addrinfo(mod, at, &offset, &sym, NULL, NULL, NULL);

	/* Behind the end of the nearest one is somebody else, whose name was stripped. */
	if (!name || (sym.st_size && offset >= sym.st_size))
		return;
	out_clear(&s->table_name);
	f->function = demangle(&s->table_name, name) && !s->table_name.error
			      ? out_all(&s->table_name)
			      : str_of(name);
	f->offset = offset;
}

/* ---- places ----------------------------------------------------------------------------------- */

struct place {
	struct symbols *s;
	struct symbol_frame f;
	Dwarf_Die *unit;
	void (*each)(const struct symbol_frame *f, void *you);
	void *you;
};

static void place_line(struct place *p, uint64_t at)
{
	Dwarf_Line *line = dwarf_getsrc_die(p->unit, at);
	int number = 0, column = 0;

	if (!line)
		return;
	p->f.file = str_of(dwarf_linesrc(line, NULL, NULL));
	dwarf_lineno(line, &number);
	dwarf_linecol(line, &column);
	p->f.line = number > 0 ? (uint32_t)number : 0;
	p->f.column = column > 0 ? (uint32_t)column : 0;
}

static uint32_t die_number(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute a;
	Dwarf_Word v;

	return dwarf_attr(die, name, &a) && dwarf_formudata(&a, &v) == 0 ? (uint32_t)v : 0;
}

/* Where an inlined function was called: that is where the next frame is. */
static void place_call(struct place *p, Dwarf_Die *inlined)
{
	uint32_t file = die_number(inlined, DW_AT_call_file);
	Dwarf_Files *files;
	size_t n;

	p->f.file = (struct str){ 0 };
	p->f.line = die_number(inlined, DW_AT_call_line);
	p->f.column = die_number(inlined, DW_AT_call_column);
	if (dwarf_getsrcfiles(p->unit, &files, &n) == 0 && file < n)
		p->f.file = str_of(dwarf_filesrc(files, file, NULL, NULL));
}

static void place_tell(struct place *p, Dwarf_Die *die, bool inlined)
{
	struct str name = function_name(p->s, die);

	if (inlined || !p->f.function.n)
		p->f.function = name.n ? name : p->f.function;
	else if (name.n)
		p->f.function = name;
	p->f.inlined = inlined;
	p->each(&p->f, p->you);
}

/* The functions that this address is in, innermost first; false: none of them is known. */
static bool place_functions(struct place *p, uint64_t at)
{
	Dwarf_Die *scopes = NULL, innermost;
	int n = dwarf_getscopes(p->unit, at, &scopes);
	struct symbol_frame whole = p->f;
	bool told = false;

	if (n <= 0)
		return false;
	/* Scopes beyond an inlined function are where it was written, not where it was called. */
	innermost = scopes[0];
	free(scopes);
	scopes = NULL;
	n = dwarf_getscopes_die(&innermost, &scopes);
	for (int i = 0; i < n && i < INLINED_MOST && !told; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag == DW_TAG_inlined_subroutine) {
			p->f.offset = 0;
			place_tell(p, &scopes[i], true);
			p->f.function = whole.function;
			p->f.offset = whole.offset;
			place_call(p, &scopes[i]);
		} else if (tag == DW_TAG_subprogram) {
			place_tell(p, &scopes[i], false);
			told = true;
		}
	}
	free(scopes);
	return told;
}

void symbols_at(struct symbols *s, uint64_t address, bool is_return,
		void (*each)(const struct symbol_frame *f, void *you), void *you)
{
	uint64_t at = address - is_return;
	const struct symbol_module *m = symbol_module_of(s->module, s->n, at);
	Dwfl_Module *mod = m ? module_open(s, m) : NULL;
	struct place p = { s, { .address = address, .module = m }, NULL, each, you };
	Dwarf_Addr bias = 0;

	if (m)
		p.f.file_address = address - m->bias;
	if (mod) {
		function_of_table(s, mod, at, &p.f);
		p.unit = dwfl_module_addrdie(mod, at, &bias);
	}
	if (p.f.offset)
		p.f.offset += is_return;
	if (p.unit) {
		place_line(&p, at - bias);
		if (place_functions(&p, at - bias))
			return;
	}
	p.f.inlined = false;
	each(&p.f, you);
}
