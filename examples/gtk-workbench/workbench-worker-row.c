/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-worker-row.h"

#include <signal.h>

/* A row of the list of workers, with what can be done to one. */
struct _WorkbenchWorkerRow
{
  AdwActionRow     parent_instance;

  GtkStack        *stack;
  GtkSpinner      *spinner;
  GtkLabel        *memory;
  GtkButton       *interrupt;
  GtkButton       *kill;

  WorkbenchWorker *worker; /* owned */
};

G_DEFINE_FINAL_TYPE (WorkbenchWorkerRow, workbench_worker_row, ADW_TYPE_ACTION_ROW)

/* That the worker has ended meanwhile shows in the row. */
static void
tell (WorkbenchWorkerRow *self,
      const GError       *error)
{
  if (!g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER))
    gtk_widget_activate_action (GTK_WIDGET (self), "win.tell", "s", error->message);
}

static void
on_interrupt_clicked (WorkbenchWorkerRow *self)
{
  MaltPoolWorker *inner = workbench_worker_get_inner (self->worker);
  g_autoptr (GError) error = NULL;

  if (!malt_abstract_worker_interrupt (MALT_ABSTRACT_WORKER (inner), &error))
    tell (self, error);
}

static void
on_kill_clicked (WorkbenchWorkerRow *self)
{
  MaltPoolWorker *inner = workbench_worker_get_inner (self->worker);
  g_autoptr (GError) error = NULL;

  if (!malt_abstract_worker_kill (MALT_ABSTRACT_WORKER (inner), SIGKILL, &error))
    tell (self, error);
}

static void
workbench_worker_row_dispose (GObject *object)
{
  g_clear_object (&WORKBENCH_WORKER_ROW (object)->worker);

  G_OBJECT_CLASS (workbench_worker_row_parent_class)->dispose (object);
}

static void
workbench_worker_row_class_init (WorkbenchWorkerRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = workbench_worker_row_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, WORKBENCH_RESOURCES "worker-row.ui");
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWorkerRow, stack);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWorkerRow, spinner);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWorkerRow, memory);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWorkerRow, interrupt);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWorkerRow, kill);
  gtk_widget_class_bind_template_callback (widget_class, on_interrupt_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_kill_clicked);
}

static void
workbench_worker_row_init (WorkbenchWorkerRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
refresh (WorkbenchWorkerRow *self)
{
  MaltAbstractWorker *inner = MALT_ABSTRACT_WORKER (workbench_worker_get_inner (self->worker));
  MaltWorkerCapabilities capabilities = malt_abstract_worker_get_capabilities (inner);
  gboolean has_ended = workbench_worker_has_ended (self->worker);
  gboolean is_busy = workbench_worker_is_busy (self->worker);
  g_autofree char *status = workbench_worker_dup_status (self->worker);
  g_autofree char *memory = workbench_worker_dup_memory (self->worker);

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), status);
  gtk_label_set_label (self->memory, memory);
  gtk_widget_set_visible (GTK_WIDGET (self->memory), memory != NULL);
  gtk_stack_set_visible_child_name (self->stack, has_ended ? "ended" : is_busy ? "busy" : "idle");
  gtk_spinner_set_spinning (self->spinner, is_busy);

  gtk_widget_set_visible (GTK_WIDGET (self->interrupt),
                          !has_ended && (capabilities & MALT_WORKER_CAPABILITY_INTERRUPT) != 0);
  gtk_widget_set_sensitive (GTK_WIDGET (self->interrupt), is_busy);
  gtk_widget_set_visible (GTK_WIDGET (self->kill),
                          !has_ended && (capabilities & MALT_WORKER_CAPABILITY_KILL) != 0);
}

GtkWidget *
workbench_worker_row_new (WorkbenchWorker *worker)
{
  WorkbenchWorkerRow *self = g_object_new (WORKBENCH_TYPE_WORKER_ROW, NULL);
  g_autofree char *title = workbench_worker_dup_title (worker);

  self->worker = g_object_ref (worker);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), title);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), workbench_worker_get_description (worker));
  g_signal_connect_object (worker, "changed", G_CALLBACK (refresh), self, G_CONNECT_SWAPPED);
  refresh (self);

  return GTK_WIDGET (self);
}
