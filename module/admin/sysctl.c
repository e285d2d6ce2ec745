// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/sys/net/xtcp: the knobs of base/knobs.c as files, and what a new value does at
 * once. One that is refused changes nothing.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysctl.h>
#include <xtcp/admin.h>
#include <xtcp/compat.h>
#include <xtcp/hooks.h>
#include <xtcp/isn.h>
#include <xtcp/knobs.h>
#include <xtcp/net.h>
#include <xtcp/request.h>
#include <xtcp/timewait.h>

/* A request to draw secrets anew is no state: the knob reads 0 again. */
static void redraw_isn(struct xtcp_net *xn)
{
	if (xchg(&xn->knobs.isn_redraw, 0))
		xtcp_isn_draw(xn);
}

/* Who waits is looked at again. */
static const struct {
	size_t offset;
	void (*act)(struct xtcp_net *xn);
} effects[] = {
	{ offsetof(struct xtcp_knobs, synack_linear_timeouts), xtcp_request_kick },
	{ offsetof(struct xtcp_knobs, rto_init_ms), xtcp_request_kick },
	{ offsetof(struct xtcp_knobs, rto_max_ms), xtcp_request_kick },
	{ offsetof(struct xtcp_knobs, msl_ms), xtcp_timewait_kick },
	{ offsetof(struct xtcp_knobs, isn_redraw), redraw_isn },
	{ offsetof(struct xtcp_knobs, fastopen_cache), xtcp_fastopen_cache_trim },
};

void xtcp_sysctl_changed(struct xtcp_net *xn, size_t offset)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(effects); i++)
		if (effects[i].offset == offset)
			effects[i].act(xn);
}

static int handle_number(struct ctl_table *ctl, u32 *value, int write, void *buffer,
			 size_t *lenp, loff_t *ppos)
{
	ctl->data = value;
	return proc_douintvec(ctl, write, buffer, lenp, ppos);
}

static int handle_word(struct ctl_table *ctl, const struct xtcp_knob_row *row,
		       u32 *value, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	char word[16] = "";
	int i, err;

	if (!write)
		strscpy(word, row->words[*value], sizeof(word));
	ctl->data = word;
	ctl->maxlen = sizeof(word);
	err = proc_dostring(ctl, write, buffer, lenp, ppos);
	if (err || !write)
		return err;
	i = match_string(row->words, row->max + 1, word);
	if (i < 0)
		return -EINVAL;
	*value = i;
	return 0;
}

static int handle(XTCP_CTL_CONST struct ctl_table *ctl, int write, void *buffer,
		  size_t *lenp, loff_t *ppos)
{
	struct xtcp_net *xn = ctl->extra1;
	const struct xtcp_knob_row *row = ctl->extra2;
	u32 *knob = xtcp_knobs_at(&xn->knobs, row);
	u32 value = READ_ONCE(*knob);
	struct ctl_table own = *ctl;
	int err;

	err = row->words ? handle_word(&own, row, &value, write, buffer, lenp, ppos) :
			   handle_number(&own, &value, write, buffer, lenp, ppos);
	if (err || !write)
		return err;
	err = xtcp_knobs_check(row, value);
	if (err == -EPERM && xtcp_net_may_log(xn))
		pr_notice("%s=%u breaks TCP on purpose: load the module with experiments=1\n",
			  row->name, value);
	if (err)
		return err;
	WRITE_ONCE(*knob, value);
	xtcp_sysctl_changed(xn, row->offset);
	return 0;
}

int xtcp_sysctl_register(struct xtcp_net *xn)
{
	struct ctl_table *table;
	unsigned int i;

	/* Two more, which are no numbers: the key of Fast Open, a range of groups. */
	table = kcalloc(xtcp_knob_count + 2 + XTCP_CTL_SENTINELS, sizeof(*table),
			GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < xtcp_knob_count; i++) {
		table[i].procname = xtcp_knob_rows[i].name;
		/* Where it lies tells the kernel that it belongs to the namespace. */
		table[i].data = xtcp_knobs_at(&xn->knobs, &xtcp_knob_rows[i]);
		table[i].maxlen = sizeof(u32);
		table[i].mode = 0644;
		table[i].proc_handler = handle;
		table[i].extra1 = xn;
		table[i].extra2 = (void *)&xtcp_knob_rows[i];
	}
	xtcp_fastopen_key_row(xn, &table[i]);
	xtcp_hooks_groups_row(xn, &table[i + 1]);
	xn->sysctl_header = xtcp_register_net_sysctl(xn->net, "net/xtcp", table,
						     xtcp_knob_count + 2);
	if (!xn->sysctl_header) {
		kfree(table);
		return -ENOMEM;
	}
	xn->sysctl_table = table;
	return 0;
}

void xtcp_sysctl_unregister(struct xtcp_net *xn)
{
	unregister_net_sysctl_table(xn->sysctl_header);
	kfree(xn->sysctl_table);
}
