/* SPDX-License-Identifier: Apache-2.0 */
/* URLs as people write them into settings: foreign bytes. */
#pragma once

#include "base/str.h"

/* What comes with "://" and all after it; empty if there is no scheme. */
struct str http_url_after_scheme(struct str url);

/* What is wrong with it, to come after its name ("... is no address"); NULL: nothing. */
const char *http_url_trouble(struct str url);
