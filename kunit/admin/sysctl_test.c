// SPDX-License-Identifier: GPL-2.0
/* admin/sysctl.c: the table of knobs, and what happens to a bad value. */

#include <kunit/test.h>
#include <linux/string.h>
#include <xtcp/net.h>
#include <xtcp/knobs.h>
#include "../wire.h"

static const struct xtcp_knob_row *row_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < xtcp_knob_count; i++)
		if (!strcmp(xtcp_knob_rows[i].name, name))
			return &xtcp_knob_rows[i];
	return NULL;
}

static void knobs__default_is_in_range(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < xtcp_knob_count; i++) {
		const struct xtcp_knob_row *row = &xtcp_knob_rows[i];

		KUNIT_EXPECT_LE_MSG(test, row->min, row->value, "%s", row->name);
		KUNIT_EXPECT_LE_MSG(test, row->value, row->max, "%s", row->name);
		KUNIT_EXPECT_LT_MSG(test, row->min, row->max, "%s", row->name);
	}
}

/* Each octet of struct xtcp_knobs belongs to one row. */
static void knobs__every_one_has_a_row(struct kunit *test)
{
	u8 owners[sizeof(struct xtcp_knobs)] = { };
	unsigned int i, j;

	for (i = 0; i < xtcp_knob_count; i++)
		for (j = 0; j < sizeof(u32); j++)
			owners[xtcp_knob_rows[i].offset + j]++;
	for (i = 0; i < sizeof(owners); i++)
		KUNIT_EXPECT_EQ_MSG(test, owners[i], 1, "offset %u", i);
}

static void knobs__names_are_unique(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < xtcp_knob_count; i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test, row_of(xtcp_knob_rows[i].name),
					&xtcp_knob_rows[i], "%s", xtcp_knob_rows[i].name);
}

static void knobs__are_documented(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < xtcp_knob_count; i++) {
		KUNIT_ASSERT_NOT_NULL(test, xtcp_knob_rows[i].what);
		KUNIT_EXPECT_GT_MSG(test, strlen(xtcp_knob_rows[i].what), 10, "%s",
				    xtcp_knob_rows[i].name);
	}
}

/* What the mission promises. */
static void knobs__promised_defaults(struct kunit *test)
{
	static const struct {
		const char *name;
		u32 value;
	} promised[] = {
		{ "syn_retries", 5 },
		{ "synack_retries", 5 },
		{ "rto_init_ms", 1000 },
		{ "retries2", 15 },
		{ "msl_ms", 30000 },
		{ "isn_tick_ns", 4000 },
		{ "keepalive_time_ms", 7200000 },
		{ "keepalive_intvl_ms", 75000 },
		{ "keepalive_probes", 9 },
		{ "paws_idle_ms", 24 * 24 * 3600 * 1000U },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(promised); i++) {
		const struct xtcp_knob_row *row = row_of(promised[i].name);

		KUNIT_ASSERT_NOT_NULL_MSG(test, row, "%s", promised[i].name);
		KUNIT_EXPECT_EQ_MSG(test, row->value, promised[i].value, "%s", row->name);
	}
}

static void net_defaults__fills_every_knob(struct kunit *test)
{
	struct xtcp_knobs knobs;
	unsigned int i;

	memset(&knobs, 0xff, sizeof(knobs));
	xtcp_knobs_defaults(&knobs);
	for (i = 0; i < xtcp_knob_count; i++) {
		const struct xtcp_knob_row *row = &xtcp_knob_rows[i];

		KUNIT_EXPECT_EQ_MSG(test, *(u32 *)((u8 *)&knobs + row->offset),
				    row->value, "%s", row->name);
	}
}

/* --- through /proc --------------------------------------------------------- */

static int write_number(const char *name, u64 value)
{
	const struct xtcp_knob_row *row = row_of(name);
	char text[24];

	if (row->words)
		snprintf(text, sizeof(text), "%s\n",
			 value <= row->max ? row->words[value] : "nonsense");
	else
		snprintf(text, sizeof(text), "%llu\n", value);
	return wire_write_knob(name, text);
}

/* What a value written reads as, and what writing it returns. */
static void try(struct kunit *test, const struct xtcp_knob_row *row, u32 value)
{
	u32 before = *(u32 *)((u8 *)&xtcp_net(&init_net)->knobs + row->offset);
	bool refused = row->safe && !(row->safe & BIT(value));
	u32 after = refused ? before : value;

	/* Reads 0 again, by its nature. */
	if (!strcmp(row->name, "isn_redraw"))
		after = 0;
	KUNIT_EXPECT_EQ_MSG(test, write_number(row->name, value), refused ? -EPERM : 0,
			    "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, *(u32 *)((u8 *)&xtcp_net(&init_net)->knobs + row->offset),
			    after, "%s", row->name);
}

static u32 *knob_of(const struct xtcp_knob_row *row)
{
	return (u32 *)((u8 *)&xtcp_net(&init_net)->knobs + row->offset);
}

static void sysctl_write__whole_range(struct kunit *test)
{
	struct xtcp_knobs saved = xtcp_net(&init_net)->knobs;
	unsigned int i;

	for (i = 0; i < xtcp_knob_count; i++) {
		const struct xtcp_knob_row *row = &xtcp_knob_rows[i];

		try(test, row, row->min);
		try(test, row, row->max);
	}
	xtcp_net(&init_net)->knobs = saved;
}

/* D1: EINVAL, and nothing changed. */
static void sysctl_write__out_of_range(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < xtcp_knob_count; i++) {
		const struct xtcp_knob_row *row = &xtcp_knob_rows[i];
		u32 before = *knob_of(row);

		KUNIT_EXPECT_EQ_MSG(test, write_number(row->name, (u64)row->max + 1),
				    -EINVAL, "%s", row->name);
		KUNIT_EXPECT_EQ_MSG(test, *knob_of(row), before, "%s", row->name);
		if (row->min)
			KUNIT_EXPECT_EQ_MSG(test, write_number(row->name, row->min - 1),
					    -EINVAL, "%s", row->name);
		KUNIT_EXPECT_EQ_MSG(test, *knob_of(row), before, "%s", row->name);
	}
}

static void sysctl_write__nonsense(struct kunit *test)
{
	const struct xtcp_knob_row *row = row_of("msl_ms");
	u32 before = *knob_of(row);

	KUNIT_EXPECT_EQ(test, wire_write_knob("msl_ms", "soon\n"), -EINVAL);
	KUNIT_EXPECT_EQ(test, wire_write_knob("msl_ms", "-1\n"), -EINVAL);
	KUNIT_EXPECT_EQ(test, write_number("msl_ms", (1ULL << 32) + 30000), -EINVAL);
	KUNIT_EXPECT_EQ(test, *knob_of(row), before);
}

/* Users bring lines in the log about: not for ever. */
static void may_log__ten_an_hour(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	unsigned int lines = 0, i;

	for (i = 0; i < 100; i++)
		lines += xtcp_net_may_log(xn);
	KUNIT_EXPECT_LE(test, lines, 10);
	KUNIT_EXPECT_FALSE(test, xtcp_net_may_log(xn));
}

static struct kunit_case sysctl_cases[] = {
	KUNIT_CASE(knobs__default_is_in_range),
	KUNIT_CASE(knobs__every_one_has_a_row),
	KUNIT_CASE(knobs__names_are_unique),
	KUNIT_CASE(knobs__are_documented),
	KUNIT_CASE(knobs__promised_defaults),
	KUNIT_CASE(net_defaults__fills_every_knob),
	KUNIT_CASE(sysctl_write__whole_range),
	KUNIT_CASE(sysctl_write__out_of_range),
	KUNIT_CASE(sysctl_write__nonsense),
	KUNIT_CASE(may_log__ten_an_hour),
	{ }
};

static struct kunit_suite sysctl_suite = {
	.name = "xtcp_sysctl",
	.test_cases = sysctl_cases,
};

kunit_test_suite(sysctl_suite);
