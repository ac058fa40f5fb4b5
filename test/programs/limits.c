/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits: a span with four attributes, four events and four links, each of those with four attributes
 * too, and a log record with four. Every value is "0123456789".
 */
#include <oriel.h>

#define FOUR \
	oriel_str("a", "0123456789"), oriel_str("b", "0123456789"), oriel_str("c", "0123456789"), \
		oriel_str("d", "0123456789")

int main(void)
{
	struct oriel_span other, s;

	oriel_start(ORIEL_OPTIONS(.service = "limits"));
	other = oriel_span_start("other");
	s = oriel_span_start("limited", FOUR);
	for (int i = 0; i < 4; i++) {
		oriel_span_event(&s, "event", FOUR);
		oriel_span_link(&s, &other.context, FOUR);
	}
	oriel_info("said", FOUR);
	oriel_span_end(&s);
	oriel_span_end(&other);
	oriel_stop();
	return 0;
}
