"""What readers do with single records without leaving the page: edit a cell, star, note as seen.

Requests of their own beside the pages of ``views``; each finds its record through the gate first.
"""

from typing import ClassVar

from flask import Response, jsonify, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import lazy_gettext as _l

from app.admin import duplicates, forms, inline, lists, state
from app.admin.errors import wants_json
from app.admin.page import go_to
from app.admin.security.paths import same_site
from app.extensions import db
from app.operations.rules import rules_of
from app.spec.entity import Entity
from app.spec.errors import Invalid, NotFound, WrongVerb
from app.store import door, recent, stars


class RowsView(BaseView):
    """The small requests about one entity's records; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    default_view = "star"

    @expose("/cell/<int:pk>/<key>", methods=["GET", "POST"])
    def cell(self, pk: int, key: str) -> Response:
        """One field in place: GET brings its input, POST saves it (LIST-5)."""
        if "edit" not in self.entity.operations:
            raise WrongVerb
        answer = inline.save if request.method == "POST" else inline.control
        return answer(self.entity, pk, key)

    @expose("/star/<int:pk>", methods=["POST"])
    def star(self, pk: int) -> Response:
        """Set one's star or take it away; said twice it stays so (LIST-5)."""
        self._found(pk, "on")
        is_on = request.form.get("on")
        if is_on not in ("1", "0"):
            raise Invalid(fields={"on": [_l("This must be yes or no.")]})
        change = stars.put if is_on == "1" else stars.remove
        change(self.entity, pk)
        db.session.commit()
        if wants_json():
            return jsonify({"starred": is_on == "1"})
        return go_to(same_site(request.form.get("next")) or f"/{self.entity.plural}/show/{pk}")

    @expose("/viewed/<int:pk>", methods=["POST"])
    def viewed(self, pk: int) -> Response:
        """The page of the record has been looked at: it leads one's trail (UI-15)."""
        self._found(pk)
        recent.note(self.entity, pk)
        rules_of(self.entity).viewed(self.entity, pk)
        db.session.commit()
        return Response(status=204)

    @expose("/duplicates", methods=["POST"])
    def duplicates(self) -> str:
        """What may be the same as what is being typed into a form (CUS-7)."""
        return duplicates.fragment(self.entity)

    @expose("/sums")
    def sums(self) -> Response:
        """The sums of the amounts over a list's whole filter, with the list's own arguments."""
        me = self._listed()
        if me.is_bin:
            raise NotFound  # what is deleted is not summed
        return jsonify(lists.sums(me))

    @expose("/count")
    def count(self) -> str:
        """How many rows match, for the words of a list that has counted a little way (LIST-1)."""
        return render_template("list_count.html", screen=lists.counted(self._listed()))

    def _listed(self) -> lists.Listed:
        """The list whose own arguments the address has."""
        door.demand(self.entity.key, "list")
        me = lists.opened(self.entity, request.args)
        if me.is_bin:
            door.demand(self.entity.key, "restore")
        return me

    def _found(self, pk: int, *inputs: str) -> None:
        """403, 404, 400 in the contract's order: granted, this record, nothing unknown (§1)."""
        door.fetch(self.entity, pk, "read", ())
        state.only(request.args)
        state.only(request.form, {*forms.CONTROL, *inputs})
