/* SPDX-License-Identifier: Apache-2.0 */
#include "export/log-form.h"

#include "export/console-line.h"

#include <stdio.h>

static const struct {
	struct str name;
	enum log_format format;
} formats[] = {
	{ STR("json"), LOG_JSON }, { STR("logfmt"), LOG_LOGFMT }, { STR("console"), LOG_CONSOLE },
	{ STR("text"), LOG_TEXT }, { STR("none"), LOG_NONE },	  { STR("disabled"), LOG_NONE },
};

struct str log_setting(const struct settings *s, const char *name)
{
	struct str ours = str_trim(settings_get(s, str_of(name)));

	return ours.n ? ours : str_trim(settings_get(s, str_of(name + strlen("ORIEL_"))));
}

bool log_format_is_none(struct str name)
{
	return str_eq_nocase(name, STR("none")) || str_eq_nocase(name, STR("disabled"));
}

static void complain(char *wrong, const char *name, struct str value, const char *known,
		     const char *instead)
{
	snprintf(wrong, LOG_WRONG_ROOM, "%s=" STR_FMT " is not one of %s; it is taken as %s", name,
		 STR_ARG(str_first(value, 40)), known, instead);
}

static void read_format(struct log_form *f, struct str name, bool terminal, char *wrong)
{
	f->format = terminal ? LOG_CONSOLE : LOG_JSON;
	if (!name.n)
		return;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (str_eq_nocase(name, formats[i].name)) {
			f->format = formats[i].format;
			return;
		}
	complain(wrong, "LOG_FORMAT", name, "json, logfmt, console, text, none",
		 terminal ? "console" : "json");
}

void log_form_read(struct log_form *f, const struct settings *s, bool terminal, bool colour,
		   char wrong[LOG_WRONG_ROOM])
{
	struct str profile = str_trim(settings_get(s, STR("ORIEL_LOG_PROFILE")));

	*f = (struct log_form){ .colour = colour, .profile = log_profile_find(profile) };
	wrong[0] = '\0';
	if (!f->profile) {
		f->profile = &log_profiles[0];
		if (profile.n)
			complain(wrong, "ORIEL_LOG_PROFILE", profile,
				 "oriel, nori, tomodachi, divak, structlog", "oriel");
	}
	read_format(f, log_setting(s, "ORIEL_LOG_FORMAT"), terminal, wrong);
}

void log_form_write(struct log_form *f, struct out *o, const struct log_record *record,
		    const struct resource *resource)
{
	struct console_line people = { o, f->colour, resource, .logs_only = true };

	if (f->format == LOG_CONSOLE) {
		console_log(&people, record);
		return;
	}
	log_line_take(&f->line, f->profile, record, resource, &f->clock);
	if (f->format == LOG_JSON)
		log_write_json(o, &f->line);
	else if (f->format == LOG_LOGFMT)
		log_write_logfmt(o, &f->line);
	else
		log_write_text(o, &f->line);
}
