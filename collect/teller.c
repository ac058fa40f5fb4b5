/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/teller.h"

#include "model/copy.h"
#include "model/stats.h"

struct metric_point *teller_tell(const struct teller *t, enum metric_kind kind, struct str name,
				 struct str unit, struct str about, struct attributes attributes)
{
	static _Thread_local struct metric_point nowhere;
	struct attributes own = copy_attributes(&t->b->arena, attributes);
	struct metric_point *p = own.n == attributes.n ? batch_add_point(t->b) : NULL;

	if (!p) {
		stats_add(memory_dropped, 1);
		return &nowhere;
	}
	p->kind = kind;
	p->observed = t->observed;
	p->name = name;
	p->unit = unit;
	p->description = about;
	p->scope = t->scope;
	p->attributes = own;
	p->start_ns = t->start_ns < t->now_ns ? t->start_ns : t->now_ns;
	p->time_ns = t->now_ns;
	if (t->observed)
		p->set_ns = t->now_ns;
	return p;
}
